import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What the page is told instead of an answer. */
export class WebFault extends Error {
  readonly status: ContentfulStatusCode;
  readonly hint: string | null;

  constructor(status: ContentfulStatusCode, message: string, hint: string | null = null) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

export type Fault = Pick<WebFault, "status" | "message" | "hint">;

/** An error as JSON. */
export function sayFault(c: Context, { status, message, hint }: Fault): Response {
  return c.json({ error: { message, hint } }, status);
}
