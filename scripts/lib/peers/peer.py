"""Reads bodies that the gateway would forward, as Python does: one line in and one line out for each body.

A question is `json HEX` or `form TYPE-IN-HEX HEX`. The answer is `-` where Python can't read it, or JSON: all its texts, keys
included, and the values at the top; or the names and values of the form's fields.
"""
import cgi
import io
import json
import sys


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from texts(part)


def read_json(body):
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError
    top = {name: part for name, part in value.items() if isinstance(part, (str, bool, int, type(None)))}
    return {"texts": sorted(set(texts(value))), "top": top}


def read_form(kind, body):
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body))}
    form = cgi.FieldStorage(io.BytesIO(body), environ=environ, keep_blank_values=True)
    part = lambda field: field.value.decode("latin1") if isinstance(field.value, bytes) else field.value
    return {"fields": [[field.name, part(field)] for field in form.list or [] if field.filename is None]}


for line in sys.stdin:
    kind, *parts = line.split()
    try:
        parts = [bytes.fromhex(part) for part in parts]
        answer = read_json(parts[0]) if kind == "json" else read_form(parts[0].decode(), parts[1])
        print(json.dumps(answer), flush=True)
    except (ValueError, RecursionError, UnicodeError, LookupError):
        print("-", flush=True)
