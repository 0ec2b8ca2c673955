/** The Open Inference protocol, version 2, as JSON over HTTP. @see github.com/kserve/open-inference-protocol, inference_rest.md */
import { z } from 'zod';
import { MAX_ROWS } from './contract.ts';

const name = z.string().min(1).max(200);
/** Hints such as `content_type` are taken and not used. */
const parameters = z.record(z.string(), z.unknown()).optional();
const element = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Unknown fields are refused; `data` is flat, or one array a row. */
export const inferRequest = z.strictObject({
  id: z.string().max(200).optional(),
  parameters,
  inputs: z
    .array(
      z.strictObject({
        name,
        shape: z.array(z.number().int().nonnegative()).min(1).max(8),
        datatype: z.string().max(20),
        parameters,
        data: z.array(z.union([element, z.array(element)])).max(MAX_ROWS),
      }),
    )
    .min(1)
    .max(2000),
  outputs: z.array(z.strictObject({ name, parameters })).max(20).optional(),
});
export type InferRequest = z.output<typeof inferRequest>;

const tensor = z.strictObject({
  name,
  shape: z.array(z.number().int()),
  datatype: z.string(),
  data: z.array(element),
});
export type Tensor = z.output<typeof tensor>;

export const inferResponse = z.strictObject({
  model_name: z.string(),
  /** Left out where rows of one request were answered by different versions; the tensor `version` says it by row. */
  model_version: z.string().optional(),
  id: z.string().optional(),
  outputs: z.array(tensor),
});

const tensorMetadata = z.strictObject({ name, datatype: z.string(), shape: z.array(z.number().int()) });
export type TensorMetadata = z.output<typeof tensorMetadata>;

/** Without `versions`: routing chooses, a caller cannot. */
export const modelMetadata = z.strictObject({
  name: z.string(),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
});
export const serverMetadata = z.strictObject({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});
export const modelReady = z.strictObject({ name: z.string(), ready: z.boolean() });

/** The protocol's `error`, and what hone's other refusals say. */
export const inferError = z.strictObject({
  error: z.string(),
  code: z.string(),
  path: z.string().optional(),
  retryable: z.boolean(),
});
