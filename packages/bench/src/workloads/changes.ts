import { type TarFile, tarOf } from '../image/tar.ts';
import type { Subject } from '../stage/subject.ts';
import { emptyContainer } from './containers.ts';
import { clock, seconds, WARM, type Workload } from './workload.ts';

const COUNTS = [10, 1000] as const;

function* files(count: number): Generator<TarFile> {
  yield { path: 'strata-bench-changes', mode: 0o755 };
  const content = Buffer.alloc(1024, 'x');
  for (let n = 0; n < count; n++) yield { path: `strata-bench-changes/${n}`, mode: 0o644, content };
}

export const changes: Workload = {
  id: 'changes',
  title: 'Find and commit changes',
  tells:
    '`strata diff` and `strata commit` after 10 and 1,000 changed files: drivers that cannot name their changes compare whole trees.',
  metrics: COUNTS.flatMap((count) => [
    seconds(`diff-${count}`, `diff, ${count} files`),
    seconds(`commit-${count}`, `commit, ${count} files`),
  ]),
  cache: WARM,
  needsImage: true,
  async open(subject) {
    const request = await emptyContainer(subject);
    return {
      async run() {
        const measures: Record<string, number> = {};
        for (const count of COUNTS) {
          const [diff, commit] = await once(subject, { ...request, autoRemove: false }, count);
          measures[`diff-${count}`] = diff;
          measures[`commit-${count}`] = commit;
        }
        return measures;
      },
    };
  },
};

async function once(
  subject: Subject,
  request: Awaited<ReturnType<typeof emptyContainer>>,
  count: number,
): Promise<[diff: number, commit: number]> {
  const { containers, images } = await subject.engine();
  const { id } = await containers.create(request);
  try {
    await containers.copyIn(id, '/', tarOf(files(count)));
    await subject.sync();
    const diffing = clock();
    await containers.diff(id);
    const diff = diffing();
    const committing = clock();
    const made = await images.commit({ container: id });
    const commit = committing();
    await images.remove(made.id, { force: true });
    return [diff, commit];
  } finally {
    await containers.remove(id, { force: true });
  }
}
