/** The story of a bench of layer drivers: a stage, every workload in turn, a report; whatever happens, nothing stays. */
import { loadavg } from 'node:os';
import { type ImageChoice, makeImage } from '../image/source.ts';
import type { BenchPorts } from '../ports.ts';
import type { BenchReport } from '../report.ts';
import { type Backing, describeBacking } from '../stage/backing.ts';
import { chooseDrivers } from '../stage/driver.ts';
import { Stage } from '../stage/stage.ts';
import { chooseWorkloads } from '../workloads/catalogue.ts';
import { Course } from './course.ts';
import type { ProgressReporter } from './progress.ts';
import { frameReport, nothingToMeasure } from './report-frame.ts';

export interface LayerBenchRequest {
  /** Driver ids; all that are installed when undefined. The first one is what the others are compared with. */
  readonly drivers?: readonly string[];
  /** Workload ids; undefined: all. */
  readonly workloads?: readonly string[];
  /** Exactly so many; undefined: as many as each workload's time allows. */
  readonly runs?: number;
  readonly backing: Backing;
  readonly cold: boolean;
  readonly image: ImageChoice;
  /** `sh -c` of this in a container of the image, as a workload of its own. */
  readonly command?: string;
  readonly network?: string;
  /** What was typed. */
  readonly words: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: ProgressReporter;
}

const imageName = (image: ImageChoice): string =>
  image.kind === 'synthetic' ? 'synthetic' : image.reference;

export async function benchLayers(ports: BenchPorts, request: LayerBenchRequest): Promise<BenchReport> {
  const startedAt = new Date();
  const before = loadavg()[0]!;
  const definitions = chooseDrivers(ports.drivers, 'layer', request.drivers);
  const chosen = chooseWorkloads(request);
  await using stage = await Stage.open(ports, definitions, {
    backing: request.backing,
    cold: request.cold,
    signal: request.signal,
    makeImage: (directory) => makeImage(ports, request, directory),
  });
  if (stage.subjects.length === 0) throw nothingToMeasure(stage.leftOut);
  if (chosen.some(({ needsImage }) => needsImage)) {
    request.onProgress?.({ kind: 'image', image: imageName(request.image) });
    await stage.prepareImage();
  }
  const course = new Course(stage.subjects, chosen, request);
  const workloads = await course.run();
  return await frameReport(ports, request, {
    kind: 'layer',
    startedAt,
    load: before,
    settings: {
      backing: describeBacking(request.backing),
      cold: request.cold,
      image: imageName(request.image),
    },
    subjects: stage.subjects.map(({ info }) => info),
    leftOut: stage.leftOut,
    workloads,
  });
}
