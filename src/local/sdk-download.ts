/**
 * A program of its own: lets the Temporal SDK download its dev server into a folder, by starting it once.
 * Apart from the caller because the SDK loads a native runtime that would stay. Arguments: folder, version.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [downloadDir, version] = process.argv.slice(2);
if (downloadDir === undefined || version === undefined) throw new Error('usage: sdk-download <folder> <version>');
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'cached-download', downloadDir, version: `v${version}` }, ui: false },
});
await environment.teardown();
