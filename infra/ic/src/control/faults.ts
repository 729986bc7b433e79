import type { Outgoing } from '../http/replies.js';
import type { Id } from '../subnet/principals.js';

export type Endpoint = 'call' | 'query' | 'read_state' | 'status';

/**
 * What goes wrong with HTTP requests, so many times: an error, a delay, or a connection that breaks before or after the
 * request was carried out.
 */
export interface HttpFault {
  endpoint?: Endpoint;
  canister?: Id;
  times: number;
  effect: { status: number; text?: string } | { delay: number } | 'disconnect' | 'disconnectAfter';
}

/** Faults of the HTTP interface. They are not of the network's state and end with the process. */
export class HttpFaults {
  #faults: HttpFault[] = [];
  /** Called when there are some for the first time, or none any more. */
  onChange: () => void = () => {};

  add(fault: HttpFault): void {
    this.#faults.push(fault);
    this.onChange();
  }

  clear(): void {
    this.#faults = [];
    this.onChange();
  }

  get pending(): readonly HttpFault[] {
    return this.#faults;
  }

  /** @returns whether the request was answered, or cut off, here */
  async strike(endpoint: Endpoint, canister: Id | undefined, response: Outgoing): Promise<boolean> {
    const fault = this.#faults.find(
      (one) => (one.endpoint ?? endpoint) === endpoint && (one.canister === undefined || one.canister === canister),
    );
    if (!fault) return false;
    fault.times -= 1;
    this.#faults = this.#faults.filter(({ times }) => times > 0);
    if (this.#faults.length === 0) this.onChange();
    const { effect } = fault;
    if (effect === 'disconnect') {
      response.destroy();
      return true;
    }
    if (effect === 'disconnectAfter') {
      response.writeHead = () => response.destroy();
      return false;
    }
    if ('delay' in effect) {
      await new Promise((resolve) => {
        setTimeout(resolve, effect.delay);
      });
      return false;
    }
    response.writeHead(effect.status, { 'content-type': 'text/plain', 'access-control-allow-origin': '*' });
    response.end(effect.text ?? 'Injected fault.');
    return true;
  }
}
