import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrainerProgress } from '../../src/training/contract.ts';
import { runTrainer, type TrainingOrder } from '../../src/training/run-trainer.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-limits-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

let programs = 0;
/** A trainer of a few lines of plain Python: real process, no packages. */
async function trainer(lines: string[], changes: Partial<TrainingOrder> = {}): Promise<TrainingOrder> {
  programs += 1;
  const program = join(folder, `trainer_${programs}.py`);
  await writeFile(program, ['import json, os, signal, sys, time', ...lines, ''].join('\n'));
  return {
    trainer: program,
    python: 'python3',
    train: ['train.parquet'],
    validation: ['validation.parquet'],
    numeric: ['a'],
    categorical: [],
    task: 'binary',
    params: {},
    seed: 1,
    categories: { min_count: 1, max_levels: 1 },
    classWeight: 'none',
    calibration: 'none',
    limits: { wall_clock: 'PT60S', memory_mb: 1024 },
    threads: 1,
    graceMs: 500,
    workDir: join(folder, `work-${programs}`),
    ...changes,
  };
}

test.each([
  { code: 64, found: { code: 'HONE_TRAINER_REFUSED', retryable: false, exitCode: 2 }, says: /refused the parameters/ },
  { code: 65, found: { code: 'HONE_TRAINER_REFUSED', retryable: false, exitCode: 2 }, says: /refused the data/ },
  { code: 70, found: { code: 'HONE_TRAINER_FAILED', retryable: true }, says: /exit code 70/ },
  { code: 75, found: { code: 'HONE_TRAINER_STOPPED', retryable: true }, says: /checkpoint/ },
  { code: 137, found: { code: 'HONE_TRAINER_OUT_OF_MEMORY', retryable: true }, says: /exit 137/ },
  { code: 3, found: { code: 'HONE_TRAINER_FAILED', retryable: true }, says: /exit code 3/ },
])('exit code $code becomes $found.code', async ({ code, found, says }) => {
  const line = 'print(json.dumps({"type": "error", "code": "x", "message": "because of the weather"}))';
  const ended = runTrainer(await trainer([line, `sys.exit(${code})`]));
  await expect(ended).rejects.toMatchObject(found);
  await expect(ended).rejects.toThrow(says);
  await expect(ended).rejects.toThrow(/because of the weather.*champion stays live/);
});

test('a crash by signal is a failure that may be tried again, named by its signal', async () => {
  const crashed = runTrainer(await trainer(['os.kill(os.getpid(), signal.SIGSEGV)', 'time.sleep(60)']));
  await expect(crashed).rejects.toMatchObject({ code: 'HONE_TRAINER_FAILED', retryable: true });
  await expect(crashed).rejects.toThrow(/crashed by SIGSEGV/);
});

test('exit 0 without a model breaks the contract, even where an earlier attempt left one in the same folder', async () => {
  const order = await trainer([
    'out = json.load(open(os.environ["TRAINER_JOB"]))["output_dir"]',
    'assert not os.listdir(out)',
    'open(out + "/model.onnx", "w")',
    'open(out + "/signature.json", "w").write("{")',
  ]);
  await expect(runTrainer(order)).rejects.toThrow(/signature.json is not JSON/);
  await writeFile(order.trainer, 'pass\n');
  await expect(runTrainer(order)).rejects.toMatchObject({ code: 'HONE_TRAINER_BROKE_CONTRACT', retryable: false });
  await expect(runTrainer(order)).rejects.toThrow(/it wrote no model.onnx/);
});

test('past its wall clock a trainer that answers SIGTERM is stopped, one that does not is killed with its children', async () => {
  const limits = { wall_clock: 'PT1S', memory_mb: 1024 };
  const willing = runTrainer(await trainer(['time.sleep(60)'], { limits }));
  await expect(willing).rejects.toMatchObject({ code: 'HONE_TRAINER_TIMED_OUT', retryable: true });
  await expect(willing).rejects.toThrow(/not done after 1 s .* and was stopped/);

  const pidFile = join(folder, 'child.pid');
  const stubborn = await trainer(
    [
      'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
      'child = os.fork()',
      `if child: open(${JSON.stringify(pidFile)}, "w").write(str(child))`,
      'while True: time.sleep(60)',
    ],
    { limits },
  );
  await expect(runTrainer(stubborn)).rejects.toThrow(/was killed: it did not answer SIGTERM/);
  expect(isAlive(Number(await readFile(pidFile, 'utf8')))).toBe(false);
});

test('a trainer over its memory limit is killed and both figures are named', async () => {
  const order = await trainer(['held = [bytearray(8 << 20) for _ in range(100)]', 'time.sleep(60)'], {
    limits: { wall_clock: 'PT60S', memory_mb: 200 },
  });
  const killed = runTrainer(order);
  await expect(killed).rejects.toMatchObject({ code: 'HONE_TRAINER_OUT_OF_MEMORY', retryable: false });
  await expect(killed).rejects.toThrow(/used \d{3,} MB of memory where training.limits.memory_mb allows 200/);
});

test('its caller can stop it at any time', async () => {
  const stop = new AbortController();
  const order = await trainer(
    [
      'signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))',
      'print(json.dumps({"type": "progress", "step": 1, "of": 9}), flush=True)',
      'time.sleep(60)',
    ],
    { signal: stop.signal, onProgress: () => stop.abort() },
  );
  await expect(runTrainer(order)).rejects.toMatchObject({ code: 'HONE_TRAINER_STOPPED', retryable: true });
});

test('a gigabyte of output costs neither memory nor disk, with or without line breaks', async () => {
  const before = process.memoryUsage().rss;
  const order = await trainer([
    'lines, bulk = b"noise without end\\n" * 500_000, b"x" * (9 << 20)',
    'for _ in range(56): sys.stdout.buffer.write(lines); sys.stderr.buffer.write(bulk)',
    'print("\\nthe last words"); sys.exit(70)',
  ]);
  await expect(runTrainer(order)).rejects.toThrow(/the last words/);
  expect((await stat(join(order.workDir, 'trainer.log'))).size).toBeLessThan(1_200_000);
  expect((process.memoryUsage().rss - before) / 1_048_576).toBeLessThan(300);
}, 60_000);

test('escape sequences, control characters and broken UTF-8 in what it prints reach neither log nor message', async () => {
  const order = await trainer([
    'sys.stderr.buffer.write(b"\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 bell\\x07 \\xff\\xfe nul\\x00 back\\x08 \\xe2\\x80\\xaeturned\\n")',
    'print(json.dumps({"type": "error", "message": "\\x1b[2Jcleared\\rover"}))',
    'sys.exit(64)',
  ]);
  const message = await runTrainer(order).catch((error: Error) => error.message);
  const log = await readFile(join(order.workDir, 'trainer.log'), 'utf8');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be absent
  for (const text of [message, log]) expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  expect(message).toContain('cleared over');
  expect(log).toContain('red');
});

test('progress lines arrive as they are printed; what is no line of the contract is log', async () => {
  const seen: TrainerProgress[] = [];
  const order = await trainer(
    [
      'for step in (1, 2, 3): print(json.dumps({"type": "progress", "step": step, "of": 3, "metrics": {"loss": 1 / step}}), flush=True); time.sleep(0.15)',
      'print("plain text"); print("{broken json"); print(json.dumps({"type": "unknown"}))',
    ],
    { onProgress: (line) => seen.push(line) },
  );
  await expect(runTrainer(order)).rejects.toThrow(/no model.onnx/);
  expect(seen.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(seen[2]?.metrics).toEqual({ loss: 1 / 3 });
  expect(await readFile(join(order.workDir, 'trainer.log'), 'utf8')).toMatch(
    /plain text\n\{broken json\n\{"type": "unknown"\}/,
  );
});

test('a trainer sees no secret of the worker, only where its job is', async () => {
  process.env['AWS_SECRET_ACCESS_KEY'] = 'not for trainers';
  try {
    const order = await trainer(['print(json.dumps(dict(os.environ)))', 'sys.exit(70)']);
    await expect(runTrainer(order)).rejects.toThrow();
    const log = await readFile(join(order.workDir, 'trainer.log'), 'utf8');
    expect(log).toContain('TRAINER_JOB');
    expect(log).not.toContain('AWS_SECRET');
  } finally {
    delete process.env['AWS_SECRET_ACCESS_KEY'];
  }
});

test('a trainer or an interpreter that is not there is named, and nothing is started', async () => {
  const order = await trainer([]);
  await expect(runTrainer({ ...order, trainer: 'catboost' })).rejects.toMatchObject({
    code: 'HONE_TRAINER_UNKNOWN',
    exitCode: 2,
  });
  await expect(runTrainer({ ...order, python: join(folder, 'no-python') })).rejects.toMatchObject({
    code: 'HONE_TRAINER_FAILED',
    retryable: false,
  });
});

/** A killed child without a parent may stay a zombie until it is reaped: that is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .startsWith('Z');
  } catch {
    return false;
  }
}
