/** What `hone doctor` asks a Temporal server: is it there, does it let us in, does it know our namespace. */
import type { HoneConfig } from '../config/hone.ts';
import { HoneError } from '../errors.ts';
import { connectLazily } from './connect.ts';

export interface ServerCheck {
  readonly ok: boolean;
  /** Version of the server; null where it did not say. */
  readonly version: string | null;
  /** Why not; empty where it is well. */
  readonly problem: string;
}

/** Never throws for what the server, the network or a certificate says. */
export async function checkServer(hone: HoneConfig): Promise<ServerCheck> {
  const client = connectLazily(hone);
  const { namespace } = hone.temporal;
  try {
    const { workflowService } = await client.temporal();
    const { serverVersion } = await workflowService.getSystemInfo({});
    await workflowService.describeNamespace({ namespace });
    return { ok: true, version: serverVersion ?? null, problem: '' };
  } catch (error) {
    if (error instanceof HoneError) return { ok: false, version: null, problem: error.message };
    return { ok: false, version: null, problem: `${reasonOf(error, namespace)}: ${(error as Error).message}` };
  } finally {
    await client.close();
  }
}

/** Codes of gRPC. */
function reasonOf(error: unknown, namespace: string): string {
  switch ((error as { code?: unknown }).code) {
    case 5:
      return `the server has no namespace "${namespace}"; make it there, or correct temporal.namespace`;
    case 7:
      return `the server does not let us into namespace "${namespace}"; look at the rights of the certificate or of temporal.api_key`;
    default:
      return 'the server does not answer as Temporal does';
  }
}
