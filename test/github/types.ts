export type Json = Record<string, unknown>;

/** One request to the double and its answer. */
export interface Exchange {
  readonly method: string;
  /** As it was sent: with its percent signs. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly request: unknown;
  readonly status: number;
  readonly response: unknown;
}

export type Permission = 'contents' | 'issues' | 'pull_requests';

/** Whom a token stands for and what it may write; everybody may read. */
export interface Identity {
  readonly login: string;
  readonly writes: readonly Permission[];
}

export interface Issue {
  readonly number: number;
  readonly author: string;
  readonly createdAt: string;
  title: string;
  body: string | null;
  labels: string[];
  state: 'open' | 'closed';
  stateReason: string | null;
  closedAt: string | null;
  updatedAt: string;
  /** A pull request is an issue too. */
  pull?: {
    readonly head: string;
    readonly headRepository: string;
    readonly base: string;
    /** When, and the commit that the branch had then. */
    merged: { readonly at: string; readonly head: string } | null;
    readonly files: string[];
    /** Whether opening it started checks: not when the workflow's own token did it. */
    readonly startsChecks: boolean;
  };
}

export interface Comment {
  readonly id: number;
  readonly issue: number;
  readonly author: string;
  readonly createdAt: string;
  body: string;
  updatedAt: string;
}

/** What the double answers instead of the truth. */
export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  /** It takes effect and the connection breaks before the reply. */
  | { readonly kind: 'reply lost' }
  /** The connection breaks before anything took effect. */
  | { readonly kind: 'refused' }
  /** Nobody ever answers. */
  | { readonly kind: 'silent' };
