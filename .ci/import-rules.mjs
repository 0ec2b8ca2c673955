// Holds the import rules of .dependency-cruiser.cjs. Its parser cannot tell `import type` from `import`, and only
// imports that exist at run time count; so it looks at a copy of src/ from which the types have been taken out.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = join(root, '.hone', 'import-rules');

rmSync(copy, { recursive: true, force: true });
for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue;
  const source = readFileSync(join(root, 'src', file), 'utf8');
  const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } };
  const { code } = transformSync(source, { loader: 'ts', sourcefile: file, tsconfigRaw });
  mkdirSync(dirname(join(copy, 'src', file)), { recursive: true });
  writeFileSync(join(copy, 'src', file), code);
}
const program = join(root, 'node_modules', '.bin', 'depcruise');
const config = join(root, '.dependency-cruiser.cjs');
const { status } = spawnSync(program, ['src', '--config', config], { cwd: copy, stdio: 'inherit' });
process.exit(status ?? 1);
