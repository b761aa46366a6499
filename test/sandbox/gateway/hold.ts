import type { GatewayRequest, Hold, RequestMatch } from '../types.ts';

type Decision = 'release' | 'drop';

/** One request, or its reply, kept in the gateway's hand until a test has done what it wants meanwhile. */
export class PendingHold implements Hold {
  readonly match: RequestMatch;
  readonly isForReply: boolean;
  readonly arrived: Promise<GatewayRequest>;
  readonly #decision: Promise<Decision>;
  #arrive!: (request: GatewayRequest) => void;
  #decide!: (decision: Decision) => void;

  constructor(match: RequestMatch, isForReply: boolean) {
    this.match = match;
    this.isForReply = isForReply;
    this.arrived = new Promise((resolve) => (this.#arrive = resolve));
    this.#decision = new Promise((resolve) => (this.#decide = resolve));
  }

  keep(request: GatewayRequest): Promise<Decision> {
    this.#arrive(request);
    return this.#decision;
  }

  release(): void {
    this.#decide('release');
  }

  drop(): void {
    this.#decide('drop');
  }
}
