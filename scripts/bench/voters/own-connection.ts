import { Agent, request } from 'node:http';

/** A `fetch` with one connection of its own to each node, kept open: what every voter's own process would have. */
export function ownConnection(): { readonly fetch: typeof globalThis.fetch; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const fetch = (url: string, { body, headers, signal }: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const text = String(body);
      const sent = { ...(headers as Record<string, string>), 'content-length': String(Buffer.byteLength(text)) };
      const options = { method: 'POST', agent, headers: sent, ...(signal ? { signal } : {}) };
      const call = request(url, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode ?? 500 })));
      });
      call.on('error', (cause) => reject(new TypeError('fetch failed', { cause })));
      call.end(text);
    });
  return { fetch: fetch as typeof globalThis.fetch, close: () => agent.destroy() };
}
