import { startControl } from './control/server.js';
import { HttpFaults } from './control/faults.js';
import { IcError } from './errors.js';
import { Host, type HostOptions } from './host.js';
import { openFront, type Front } from './threads/link.js';

export { IcError, type IcCode } from './errors.js';
export { Host, type HostOptions } from './host.js';
export { createHttpServer } from './http/server.js';
export { MAIN_NETWORK_LIMITS, type Limits } from './subnet/subnet.js';

export interface StartOptions extends HostOptions {
  /** Default 4943; 0 takes a free one. */
  port?: number;
  /** Whether to open the control face, on a port of its own. */
  control?: boolean;
}

export interface RunningInternetComputer {
  url: string;
  /** 133 bytes of DER in hexadecimal: what agents pin. */
  rootKey: string;
  /** Where the control face listens; its token is in `control-token` in the folder of the state. */
  controlUrl?: string;
  /** Stops serving and writes a checkpoint. */
  stop(): Promise<void>;
}

/**
 * Starts an embedded Internet Computer on 127.0.0.1.
 *
 * @throws IcError `portTaken` · `instrumenterMissing` · `stateInUse` · `stateDamaged`
 */
export async function startInternetComputer({
  port = 4943,
  control = false,
  ...options
}: StartOptions): Promise<RunningInternetComputer> {
  const host = Host.open(options);
  const faults = new HttpFaults();
  let front: Front;
  try {
    front = await openFront(host, faults, port);
  } catch (cause) {
    await host.close();
    throw new IcError(
      'portTaken',
      { port },
      `Cannot listen on port ${port} of 127.0.0.1 (${(cause as Error).message}); choose another --port, or 0 ` +
        'for a free one.',
      { cause },
    );
  }
  const controlling = control ? await startControl(host, faults, options.state) : undefined;
  return {
    url: `http://127.0.0.1:${front.port}`,
    rootKey: Buffer.from(host.keys.rootDer).toString('hex'),
    ...(controlling && { controlUrl: controlling.url }),
    stop: async () => {
      controlling?.close();
      front.close();
      await host.close();
      await front.end();
    },
  };
}
