/**
 * Strangers and a careless neighbour, until the process is ended: `strangers.ts PORT KEY`.
 *
 * 500 connections that say nothing, 50 sign-ups a second that are refused, and 20 uploads of 30 MB that never end, half of them
 * of JSON and half of files. What the server closes comes again.
 */
import { Agent, request } from "node:http";
import { connect } from "node:net";

const SILENT = 500;
const SIGN_UPS_A_SECOND = 50;
const UPLOADS = 20;
const UPLOAD = 30 * 1024 * 1024;
/** Sign-ups that may wait for their answer: whoever attacks doesn't wait for more. */
const MOST_WAITING = 500;

const [port, key] = [Number(process.argv[2]), process.argv[3] ?? ""];
const host = "127.0.0.1";
let signUps = 0;
let waiting = 0;

function silence(): void {
  const socket = connect(port, host);
  socket.on("error", () => {});
  socket.on("close", () => setTimeout(silence, 100));
}

function upload(number: number): void {
  const isForm = number % 2 === 0;
  const path = isForm ? "/v1/files" : "/v1/chat/completions";
  const kind = isForm ? "multipart/form-data; boundary=x" : "application/json";
  const begin = isForm
    ? '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    : '{"model":"bench","messages":[{"role":"user","content":"';
  const socket = connect(port, host);
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\ncontent-type: ${kind}\r\n`;
  socket.write(`${head}content-length: ${UPLOAD + begin.length + 100}\r\n\r\n${begin}`);
  socket.write(Buffer.alloc(UPLOAD, "a"));
  socket.on("data", () => {});
  socket.on("error", () => {});
  socket.on("close", () => setTimeout(() => upload(number), 1_000));
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

function signUp(): void {
  if (waiting >= MOST_WAITING) return;
  waiting++;
  const number = ++signUps;
  const input = {
    email: `stranger${number}@example.com`,
    name: "A stranger",
    organization: `Nobody ${number}`,
    password: `password${number}password${number}password${number}`.slice(0, 128),
    time_zone: "UTC",
  };
  const headers = { "content-type": "application/json", origin: `http://${host}:${port}` };
  const asked = request({ host, port, path: "/api/accounts/sign_up", method: "POST", agent, headers }, (answer) => {
    answer.resume();
    answer.on("close", () => waiting--);
  });
  asked.on("error", () => waiting--);
  asked.end(JSON.stringify({ input }));
}

for (let number = 0; number < SILENT; number++) silence();
for (let number = 0; number < UPLOADS; number++) upload(number);
setInterval(signUp, 1000 / SIGN_UPS_A_SECOND);
