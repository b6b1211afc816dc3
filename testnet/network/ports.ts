import { createServer, type Server } from 'node:net';
import { WaggleError } from '../../protocol/errors.ts';

const HOST = '127.0.0.1';

/**
 * `count` ports nobody listens on: from `basePort` upwards, else any. All are held at once, so none is given twice.
 * @throws WaggleError WAGGLE_CLI_BUSY {reason} one of the wanted ports is taken
 */
export async function freePorts(count: number, basePort?: number): Promise<number[]> {
  const servers: Server[] = [];
  try {
    for (let at = 0; at < count; at++) servers.push(await listen(basePort === undefined ? 0 : basePort + at));
    return servers.map((server) => {
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    });
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function listen(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return reject(error);
      const reason = `port ${port} is in use by another process`;
      reject(new WaggleError('WAGGLE_CLI_BUSY', { reason, next: 'choose another --base-port, or leave it out' }));
    });
    server.listen({ port, host: HOST }, () => resolve(server));
  });
}
