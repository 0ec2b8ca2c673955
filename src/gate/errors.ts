/** What the gate refuses to judge. A candidate that is not good enough is no error: that is a verdict. */
import { HoneError } from '../errors.ts';

/** A floor against the baseline in the wrong direction for its metric. */
export class FloorContradictsMetric extends HoneError {
  readonly code = 'HONE_FLOOR_CONTRADICTS_METRIC';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(model: string, metric: string, written: string, needed: string) {
    super(
      `${model}: \`gate.floors.${metric}: ${written}\` asks for a model worse than a constant prediction. ` +
        `Nothing was judged or promoted. Write \`${metric}: ${needed}\`.`,
    );
  }
}

/** The content of a packet is not what its digest names. */
export class PacketAltered extends HoneError {
  readonly code = 'HONE_PACKET_ALTERED';
  readonly retryable = false;
  constructor(run: string, written: string, found: string) {
    super(
      `The packet of ${run} is not what was shown: it names digest ${written}, its content has ${found}. ` +
        `No decision was taken from it. Read it again with \`hone run show ${run}\`; if it stays so, start a new run.`,
    );
  }
}

/** A run is to be compared whose candidate the gate never saw. */
export class RunNotJudged extends HoneError {
  readonly code = 'HONE_RUN_NOT_JUDGED';
  readonly retryable = false;
  override readonly exitCode = 2;

  constructor(run: string) {
    super(
      `The gate has not judged ${run}, so it has no figures. Nothing was changed. ` +
        `See where it is, or how it ended: hone run show ${run}`,
    );
  }
}
