-- For wrk: a chat completion, and the results as one line of JSON. More headers come from the environment, a line each.
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
for name, value in os.getenv("HEADERS"):gmatch("(%S+)\t([^\n]+)\n") do
  wrk.headers[name] = value
end
wrk.body = [[{"model":"bench","messages":[{"role":"system","content":"You keep the gate of an old toll house. Answer in one sentence."},{"role":"user","content":"What does a toll house do, and who writes down what everybody pays?"}]}]]

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
