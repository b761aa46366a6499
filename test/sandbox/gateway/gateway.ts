import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Effect, Gateway, GatewayRequest, Hold, Region, RequestMatch } from '../types.ts';
import { expectsAnotherOwner } from './bucket-owner.ts';
import { PendingHold } from './hold.ts';
import { matches, observe, type ObservedRequest, type RawRequest } from './observe.ts';
import { faultReply, wrongOwnerReply, wrongRegionReply, type Reply } from './service-errors.ts';

/** Answers a request that no fault has caught. */
export type Backend = (request: ObservedRequest, raw: RawRequest) => Promise<Reply>;

interface Fault {
  effect: Effect;
  match: RequestMatch;
}

const REQUESTS_KEPT = 20_000;

/** The one door to a Region: every service of it answers at this address, and every trouble begins here. */
export class RegionGateway implements Gateway {
  readonly region: Region;
  readonly requests: GatewayRequest[] = [];
  readonly #backend: Backend;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  #faults: Fault[] = [];
  #holds: PendingHold[] = [];
  #isRefusingConnections = false;

  private constructor(region: Region, port: number, backend: Backend) {
    this.region = region;
    this.#port = port;
    this.#backend = backend;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue();
      void this.#serve(request, response);
    });
    this.#server.on('connection', (socket) => {
      this.#accept(socket);
    });
  }

  static async start(region: Region, port: number, backend: Backend): Promise<RegionGateway> {
    const gateway = new RegionGateway(region, port, backend);
    gateway.#server.listen(port, '127.0.0.1');
    await once(gateway.#server, 'listening');
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  fault(effect: Effect, match: RequestMatch = {}): () => void {
    const fault = { effect, match };
    this.#faults.unshift(fault);
    return () => {
      this.#faults = this.#faults.filter((other) => other !== fault);
    };
  }

  clearFaults(): void {
    this.#faults = [];
    for (const hold of this.#holds) hold.release();
    this.#holds = [];
  }

  hold(match: RequestMatch, { after = false }: { after?: boolean } = {}): Hold {
    const hold = new PendingHold(match, after);
    this.#holds.push(hold);
    return hold;
  }

  /** From now on every connection is reset, open ones too; faults by request need not be asked any more. */
  refuseConnections(): void {
    this.#isRefusingConnections = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  acceptConnections(): void {
    this.#isRefusingConnections = false;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#isRefusingConnections) {
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket, method = '', url: path = '/', headers } = incoming;
    try {
      const raw = { method, path, headers, body: await buffer(incoming) };
      const request = observe(raw);
      this.#record(request);
      const reply = await this.#decide(request, raw);
      request.status = typeof reply === 'string' ? 0 : reply.status;
      if (typeof reply !== 'string') request.replyBytes = reply.body.length;
      if (reply === 'reset') socket.resetAndDestroy();
      else if (reply !== 'never') send(response, reply);
    } catch (error) {
      // A client that went away, or a backend that was killed: either way nobody gets an answer.
      if (!socket.destroyed) socket.destroy(error as Error);
    }
  }

  async #decide(request: ObservedRequest, raw: RawRequest): Promise<Reply | 'never' | 'reset'> {
    if ((await this.#keep(request, false)) === 'drop') return 'reset';
    const effect = this.#faults.find((fault) => matches(request, fault.match))?.effect;
    if (effect === 'hang') return 'never';
    if (effect === 'refused') return 'reset';
    if (typeof effect === 'object') await delay(effect.slowMs);
    else if (effect !== undefined) return faultReply(request, effect);
    const reply = this.#refusal(request, raw) ?? (await this.#backend(request, raw));
    return (await this.#keep(request, true)) === 'drop' ? 'reset' : reply;
  }

  #refusal(request: ObservedRequest, raw: RawRequest): Reply | undefined {
    if (this.#isForElsewhere(request)) return wrongRegionReply(request, this.region);
    return request.service === 's3' && expectsAnotherOwner(raw) ? wrongOwnerReply(request) : undefined;
  }

  /** IAM is one for all Regions, and signed for the first of them. */
  #isForElsewhere({ service, signedRegion }: ObservedRequest): boolean {
    const isGlobal = service === 'iam' && signedRegion === 'us-east-1';
    return signedRegion !== '' && signedRegion !== this.region && !isGlobal;
  }

  async #keep(request: GatewayRequest, isReply: boolean): Promise<'release' | 'drop'> {
    const hold = this.#holds.find(({ match, isForReply }) => isForReply === isReply && matches(request, match));
    if (!hold) return 'release';
    this.#holds = this.#holds.filter((other) => other !== hold);
    return hold.keep(request);
  }

  #record(request: GatewayRequest): void {
    this.requests.push(request);
    if (this.requests.length > REQUESTS_KEPT) this.requests.splice(0, REQUESTS_KEPT / 10);
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, headers);
  response.end(body);
}
