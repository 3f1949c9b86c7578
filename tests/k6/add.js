// The calculator's add as k6 calls it: one MCP session per VU, a JSON-RPC body per call, the value checked.
//   k6 run -e URL=http://127.0.0.1:8100/mcp -e VUS=50 -e DURATION=10s tests/k6/add.js
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';

export const options = { vus: Number(__ENV.VUS || 50), duration: __ENV.DURATION || '10s' };

const plain = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
let headers;

function open() {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'k6', version: '1' } };
  const reply = http.post(__ENV.URL, JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }), { headers: plain });
  const session = { 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Session-Id': reply.headers['Mcp-Session-Id'] };
  headers = Object.assign(session, plain);
  http.post(__ENV.URL, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }), { headers });
}

export default function () {
  if (!headers) open();
  const id = exec.vu.iterationInInstance + 1;
  const a = Math.random() * 1000;
  const b = Math.random() * 1000;
  const call = { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'add', arguments: { a, b } } };
  const reply = http.post(__ENV.URL, JSON.stringify(call), { headers });
  check(reply, {
    'value': (r) => r.status === 200 && r.json().id === id && r.json().result.structuredContent.result === a + b,
  });
}
