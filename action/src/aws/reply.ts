/** The raw HTTP reply, before the SDK has parsed it. */
export interface Reply {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  body?: unknown;
}

type Handler = (args: unknown) => Promise<{ response: Reply }>;

/** The part of a command's middleware stack that is the same in every generation of the SDK. */
interface Stack {
  add(middleware: (next: Handler) => Handler, options: { step: 'deserialize'; priority: 'low'; name: string }): void;
}

/** Shows the raw reply of a command, which `seen` may also replace the body of. */
export function watchReply(
  command: { readonly middlewareStack: unknown },
  seen: (reply: Reply) => void | Promise<void>,
): void {
  (command.middlewareStack as Stack).add(
    (next) => async (args) => {
      const result = await next(args);
      await seen(result.response);
      return result;
    },
    // Low priority in this step is nearest to the wire, inside the SDK's own deserializer.
    { step: 'deserialize', priority: 'low', name: 'mwaadrWatchReply' },
  );
}
