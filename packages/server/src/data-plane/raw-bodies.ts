import type { FastifyInstance, FastifyRequest } from "fastify";
import { answerFailure } from "./problem.ts";

const noBody = Buffer.alloc(0);

/** Bodies of this scope are the bytes as they came, whatever their content type; failures become problem documents. */
export function takeRawBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  scope.setErrorHandler(answerFailure);
}

/** The bytes of a body; none without a body. */
export function bodyOf(request: FastifyRequest): Buffer {
  return (request.body as Buffer | undefined) ?? noBody;
}
