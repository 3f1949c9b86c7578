// Calls tools with the TypeScript SDK's own clients, a new one whenever a call fails; read by ts_client.py.
//
// Its only argument is a JSON object: url, versions (to speak), tools (name to arguments), calls and users (of each
// version), patience_ms. One line of JSON per call: key, failed, message; and one with key null for each client that
// could not open or close its session.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { url, versions, tools, calls, users, patience_ms: timeout } = JSON.parse(process.argv[2]);
const OPENING = { timeout: 10_000 }; // of calls alone the patience is short
const FIRST_MODERN = "2026-07-28";
const INFO = { name: "ts-client", version: "1" };

function say(key, failure) {
  process.stdout.write(JSON.stringify({ key, failed: failure !== null, message: failure }) + "\n");
}

function clientOf(version) {
  if (version.startsWith("v1-")) return [new ClientV1(INFO), new TransportV1(new URL(url))];
  const options =
    version >= FIRST_MODERN ? { versionNegotiation: { mode: { pin: version } } } : { supportedProtocolVersions: [version] };
  return [new Client(INFO, options), new StreamableHTTPClientTransport(new URL(url))];
}

async function opened(version) {
  const [client, transport] = clientOf(version);
  try {
    await client.connect(transport, OPENING);
    const spoken = client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion;
    if (spoken !== version.replace("v1-", "")) throw new Error(`speaks ${spoken}, not ${version}`);
    await client.listTools({}, OPENING); // with their schemas, results are checked
  } catch (error) {
    await closed(client, transport).catch(() => {}); // what failed first is told
    throw error;
  }
  return [client, transport];
}

async function closed(client, transport) {
  try {
    await transport.terminateSession();
  } finally {
    await client.close();
  }
}

async function failure(client, version, tool, key) {
  const params = { name: tool, arguments: tools[tool], _meta: { "mcp-testbed/call": key } };
  try {
    const options = { timeout };
    const result = await (client instanceof ClientV1
      ? client.callTool(params, undefined, options)
      : client.callTool(params, options));
    return result.isError ? JSON.stringify(result.content) : null;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

async function use(version, left) {
  for (let n = left.next(); !n.done; ) {
    try {
      const [client, transport] = await opened(version);
      for (let failed = null; !n.done && failed === null; n = left.next()) {
        const tool = Object.keys(tools)[n.value % Object.keys(tools).length];
        const key = `ts-${version}/${tool}/${n.value}`;
        failed = await failure(client, version, tool, key);
        say(key, failed);
      }
      await closed(client, transport);
    } catch (error) {
      say(null, `${version}: ${error}`);
    }
  }
}

await Promise.all(
  versions.flatMap((version, nth) => {
    // Numbers of their own: what befalls a call is drawn by tool and number.
    const left = Array.from({ length: calls }, (_, n) => nth * calls + n + 1).values();
    return Array.from({ length: users }, () => use(version, left));
  }),
);
