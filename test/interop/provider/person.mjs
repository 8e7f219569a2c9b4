// The person who holds the phone: decides requests, by order of a test or by the setting `auto`.
import { Provider, errors } from 'oidc-provider';

export const MODELS = { ciba: 'BackchannelAuthenticationRequest', device: 'DeviceCode' };
const OPENID_SCOPES = ['openid', 'offline_access', 'email', 'profile'];
const now = () => Date.now() / 1000;

export class Person {
  polls = new Map(); // request id -> {count, last (ms), interval (s)}
  #deciding = new Set();
  #settings; #storage; #provider;

  constructor(settings, storage) {
    this.#settings = settings;
    this.#storage = storage;
    storage.onLookUp = (model, id, payload) => this.#onLookUp(model, id, payload);
  }

  serve(provider) { this.#provider = provider; }

  /// decision: approve {scope?, authorization_details?, acr?, amr?, sub? (device only)}, deny {error?, error_description?},
  /// expire, forget.
  async decide(model, id, decision, body = {}) {
    if (!this.#storage.has(model, id)) return { error: 'no such request' };
    if (decision === 'expire') { this.#storage.expire(model, id); return { id, status: 'expired' }; }
    if (decision === 'forget') { this.#storage.drop(model, id); return { id, status: 'forgotten' }; }
    this.#deciding.add(id);
    try {
      const request = await this.#provider[model].find(id, { ignoreExpiration: true });
      return decision === 'deny' ? await this.#deny(model, request, body) : await this.#approve(model, request, body);
    } finally {
      this.#deciding.delete(id);
    }
  }

  list(model) {
    return this.#storage.all((entry) => entry.model === model).map(({ id, payload }) => ({
      id,
      ...(payload.userCode ? { userCode: payload.userCode } : {}),
      clientId: payload.clientId,
      accountId: payload.accountId,
      status: statusOf(payload),
      params: payload.params,
      iat: payload.iat,
      exp: payload.exp,
      polls: this.polls.get(id)?.count ?? 0,
    }));
  }

  /// By id, by user code, or the latest that is pending.
  find(model, reference) {
    if (reference === 'latest') return this.list(model).filter((request) => request.status === 'pending').at(-1)?.id;
    if (this.#storage.has(model, reference)) return reference;
    const code = reference.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
    return this.#storage.all((entry) => entry.model === model && entry.payload.userCode === code)[0]?.id;
  }

  /// The push arrived at the phone.
  notified(request) {
    const auto = this.#settings.auto;
    if (auto?.afterMs === undefined || !matches(auto, MODELS.ciba, request)) return;
    setTimeout(() => this.decide(MODELS.ciba, request.jti, auto.decision, auto).catch((e) => console.error(e)), auto.afterMs);
  }

  async #onLookUp(model, id, payload) {
    const ctx = Provider.ctx;
    if (ctx?.oidc?.route !== 'token' || this.#deciding.has(id)) return;
    if (payload.clientId !== ctx.oidc.client?.clientId) return;
    const poll = this.polls.get(id) ?? { count: 0, last: 0, interval: this.#settings.interval ?? 5 };
    const since = Date.now() - poll.last;
    const first = poll.last === 0;
    poll.count += 1; poll.last = Date.now();
    this.polls.set(id, poll);

    const auto = this.#settings.auto;
    if (auto?.afterPolls !== undefined && poll.count > auto.afterPolls && matches(auto, model, payload) && statusOf(payload) === 'pending') {
      await this.decide(model, id, auto.decision, auto);
    }
    const pending = statusOf(this.#storage.get(model, id) ?? payload) === 'pending';
    if (this.#settings.enforceInterval && !first && pending && since < poll.interval * 1000 - 50) {
      poll.interval += 5; // what slow_down tells the client to add (RFC 8628 3.5, CIBA 11)
      throw new errors.SlowDown('you are polling too quickly and should back off at a reasonable rate');
    }
  }

  async #deny(model, request, body) {
    const error = body.error ?? 'access_denied';
    const description = body.error_description ?? 'The end-user denied the authorization request';
    const id = request.jti;
    if (model === MODELS.device) {
      Object.assign(request, { error, errorDescription: description });
      await request.save();
      return { id, status: 'denied' };
    }
    // backchannelResult() of 9.13.3 sets error_description, which is not a stored member, so the text would be lost.
    request.errorDescription = description;
    return this.#deliver(request, new errors.CustomOIDCProviderError(error, description), {}, { id, status: 'denied' });
  }

  async #approve(model, request, body) {
    const id = request.jti;
    const accountId = model === MODELS.device ? (body.sub ?? 'alice') : request.accountId;
    const scopes = (body.scope ?? request.params?.scope ?? request.scope ?? 'openid').split(' ');
    const targets = [request.resource ?? request.params?.resource ?? request.params?.audience].flat().filter(Boolean);
    const asked = request.params?.authorization_details ? JSON.parse(request.params.authorization_details) : undefined;

    const grant = new this.#provider.Grant({ clientId: request.clientId, accountId });
    grant.addOIDCScope(scopes.filter((scope) => OPENID_SCOPES.includes(scope)).join(' '));
    for (const target of targets) grant.addResourceScope(target, scopes.join(' '));
    const grantId = await grant.save();
    const result = {
      acr: body.acr, amr: body.amr ?? ['mfa'], authTime: Math.floor(now()), rar: body.authorization_details ?? asked,
    };
    if (model === MODELS.device) {
      Object.assign(request, { ...result, accountId, grantId, scope: scopes.join(' '), claims: {} });
      if (targets.length) request.resource = targets.length === 1 ? targets[0] : targets;
      await request.save();
      return { id, status: 'approved', grantId };
    }
    return this.#deliver(request, grant, result, { id, status: 'approved', grantId });
  }

  // The decision stands, also when the client's notification endpoint does not answer.
  async #deliver(request, result, options, answer) {
    try {
      await this.#provider.backchannelResult(request, result, options);
    } catch (e) {
      return { ...answer, ping_error: e.message };
    }
    return answer;
  }
}

function statusOf(payload) {
  if (payload.consumed) return 'consumed';
  if (payload.exp <= now()) return 'expired';
  if (payload.error) return `error:${payload.error}`;
  return payload.grantId ? 'approved' : 'pending';
}

function matches(auto, model, payload) {
  const { accountId, clientId, flow } = auto.match ?? {};
  if (accountId && accountId !== payload.accountId) return false;
  if (clientId && clientId !== payload.clientId) return false;
  return !flow || MODELS[flow] === model;
}
