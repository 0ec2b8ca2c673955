/** What a rule that is not met does: from the words of the model file to those of the report. */

/** Of `gate.effects` and `on_breach`. */
export const EFFECTS = { block: 'blocks', needs_person: 'needs_person', warn: 'warns' } as const;
