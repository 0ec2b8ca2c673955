/** What a person orders of a model: a run, a freeze and its end, the way back to an earlier version. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { answeredTrigger } from '../../client/answers.ts';
import { freezeForPerson, unfreezeForPerson } from '../../client/freezes.ts';
import { rollBackForPerson } from '../../client/rollbacks.ts';
import { modelOf } from '../../config/load.ts';
import { servingCacheOf } from '../../monitoring/log/hash-key.ts';
import { asOfNow } from '../../store/clock.ts';
import type { Pages } from '../app.ts';
import { PageRefused } from '../errors.ts';
import { utc } from '../parts/time.ts';
import { allow, askAgain, type Form, LIMIT, type ModelForm, typed } from './permission.ts';

export function modelForms(app: FastifyInstance, pages: Pages): void {
  const { sources } = pages;
  const { client, store, logger, workspace } = sources;
  const asOf = () => asOfNow(store, workspace.hone.clock);

  app.post('/models/:model/start', { config: LIMIT }, async (request: ModelForm, reply) => {
    const { model } = request.params;
    const session = allow(pages, request, model, 'operator');
    const reason = reasonOf(request.body, 'a run');
    const { config } = modelOf(workspace, model);
    const order = { kind: 'manual' as const, reason, by: session.person.name };
    const { answer, run, reason: because } = await answeredTrigger({ client, store }, config, order);
    logger.info({ person: session.person.name, model, answer, run }, 'a run asked for at the pages');
    const said = {
      started: `${run} started`,
      merged: `${run} has this reason too`,
      queued: 'Queued',
      skipped: 'No run',
    };
    session.notices.push({ good: answer !== 'skipped', text: `${said[answer]}: ${because}.` });
    return reply.redirect(answer === 'started' && run !== null ? `/runs/${run}` : `/models/${model}`, 303);
  });

  app.post('/models/:model/freeze', { config: LIMIT }, async (request: ModelForm, reply) => {
    const { model } = request.params;
    const session = allow(pages, request, model, 'operator');
    const reason = reasonOf(request.body, 'a freeze');
    const [by, now] = [session.person.name, await asOf()];
    const until = endOf(request.body, now);
    await freezeForPerson(await sources.knownLedger(model), { by, reason, asOf: now, until });
    logger.info({ person: by, model, until }, 'frozen at the pages');
    const end = until === null ? 'until somebody lifts it' : `until ${utc(until)}`;
    session.notices.push({ good: true, text: `Frozen ${end}. What is served goes on; a rollback stays possible.` });
    return reply.redirect(`/models/${model}`, 303);
  });

  app.post('/models/:model/unfreeze', { config: LIMIT }, async (request: ModelForm, reply) => {
    const { model } = request.params;
    const session = allow(pages, request, model, 'operator');
    const reason = reasonOf(request.body, 'its end');
    const by = session.person.name;
    await unfreezeForPerson(await sources.knownLedger(model), { by, reason, asOf: await asOf() });
    logger.info({ person: by, model }, 'unfrozen at the pages');
    session.notices.push({ good: true, text: 'No longer frozen: runs may start again.' });
    return reply.redirect(`/models/${model}`, 303);
  });

  app.post('/models/:model/rollback', { config: LIMIT }, async (request: ModelForm, reply) => {
    const { model } = request.params;
    const form = request.body ?? {};
    const session = allow(pages, request, model, 'operator');
    askAgain(pages, session, form);
    await sources.knownLedger(model);
    const to = Number(form['to']);
    if (!Number.isInteger(to) || to < 1)
      throw new PageRefused(400, 'Nothing was changed: choose the version to return to.');
    const reason = reasonOf(form, 'a rollback');
    const by = session.person.name;
    const cacheDir = servingCacheOf(workspace.dir);
    const end = await rollBackForPerson({ client, store, cacheDir, model, id: randomUUID(), asOf }, { to, reason, by });
    logger.info({ person: by, model, to }, 'rolled back at the pages');
    session.notices.push({ good: true, text: end.sentence });
    return reply.redirect(`/models/${model}`, 303);
  });
}

/** @throws PageRefused */
function reasonOf(form: Form | undefined, what: string): string {
  const reason = typed(form?.['reason']);
  if (reason === undefined) throw new PageRefused(400, `Nothing was changed: ${what} needs its reason.`);
  return reason;
}

/** The start of the day that was chosen; null where none was. @throws PageRefused */
function endOf(form: Form | undefined, now: string): string | null {
  const day = typed(form?.['until']);
  if (day === undefined) return null;
  const end = new Date(`${day}T00:00:00.000Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(end.getTime()))
    throw new PageRefused(400, 'Nothing was changed: write the day as 2026-01-07.');
  if (end.toISOString() <= now)
    throw new PageRefused(400, `Nothing was changed: ${day} is past already; it is ${utc(now)} for the models.`);
  return end.toISOString();
}
