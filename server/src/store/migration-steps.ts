/** A statement of both databases, or one that moves data which only SQLite can have. */
export type Statement = string | { readonly sqlite: string }

/** The steps of the schema in order. A released step never changes. */
export const STEPS: readonly (readonly Statement[])[] = [
  [
    `create table account (
      name text primary key, org_id text not null unique, email text, password_hash text,
      created_at bigint not null)`,
    `create table api_token (
      id text primary key, account text not null references account (name), format text not null,
      note text not null, scopes text not null, allowed_urls text not null,
      created_at bigint not null, modified_at bigint not null, last_used_at bigint,
      expires_at bigint not null, revoked_at bigint)`,
    'create index api_token_account on api_token (account, created_at)',
    `create table signing_key (
      kid text primary key, algorithm text not null, private_jwk text not null,
      created_at bigint not null)`,
    'create table "grant" (name text primary key, settings text not null)',
    `create table revocation (
      id text primary key, revoked_at bigint not null, expires_at bigint not null)`,
    'create table setting (name text primary key, value text not null)',
  ],
  // usage
  [
    'alter table account add column disabled_at bigint',
    'alter table signing_key add column signs_from bigint not null default 0',
    'update signing_key set signs_from = created_at',
    `create table usage (
      day text not null, org_id text not null, token text not null, use text not null,
      count bigint not null, primary key (org_id, day, token, use))`,
    `create table audit (
      id integer primary key, at bigint not null, actor text not null, action text not null,
      target text not null)`,
  ],
  // mapbox
  [
    'alter table api_token add column usage text',
    'alter table api_token add column is_default integer not null default 0',
    'alter table api_token add column restrictions text',
    `create unique index api_token_default on api_token (account)
      where is_default = 1 and revoked_at is null`,
  ],
  // login_geolens
  [
    `create table login_family (
      id text primary key, account text not null references account (name),
      generation integer not null, rotated_at bigint not null, retry_key text,
      expires_at bigint not null, ended_at bigint)`,
    'create index login_family_account on login_family (account)',
    `create table dataset (
      id text primary key, name text not null unique,
      account text not null references account (name), path text not null, kind text not null,
      is_public integer not null, is_configured integer not null, created_at bigint not null)`,
    'alter table api_token add column read_only integer not null default 0',
  ],
  [
    'alter table revocation add column org_id text',
    'alter table revocation add column seq bigint not null default 0',
    'create index revocation_org on revocation (org_id)',
    'create index revocation_expiry on revocation (expires_at)',
    'create index revocation_seq on revocation (seq)',
    'create table revocation_sequence (value bigint not null)',
    'insert into revocation_sequence values (0)',
  ],
  // audit
  [
    `alter table audit add column detail text not null default ''`,
    `alter table audit add column request_id text not null default ''`,
    `alter table audit add column address text not null default ''`,
    'alter table audit add column count bigint not null default 1',
    'alter table audit add column minute bigint',
    'create index audit_at on audit (at)',
    'create index audit_actor on audit (actor)',
    // Entries without a minute are all different, because null equals nothing.
    'create unique index audit_counted on audit (minute, actor, action, target, detail, address)',
  ],
  // versions, and the default tokens that only a listing made until now
  [
    'alter table api_token add column version integer not null default 0',
    {
      sqlite: `create temporary table missing_default as
      select account, 'c' || substr(lower(hex(randomblob(16))), 1, 24) as id,
        cast(strftime('%s', 'now') as integer) * 1000 as at
      from api_token where format = 'mapbox' and revoked_at is null
      group by account having max(is_default) = 0`,
    },
    {
      sqlite: `insert into api_token (id, account, format, usage, is_default, note, scopes, allowed_urls,
        created_at, modified_at, expires_at)
      select id, account, 'mapbox', 'pk', 1, 'Default public token',
        'styles:tiles styles:read fonts:read datasets:read vision:read', '[]', at, at,
        8640000000000000
      from missing_default`,
    },
    {
      sqlite: `insert into audit (at, actor, action, target)
      select at, 'broker', 'token.create', id from missing_default`,
    },
    { sqlite: 'drop table missing_default' },
  ],
  // keys that can be revoked, accounts that can be deleted
  [
    'alter table signing_key add column last_exp bigint',
    'alter table account add column deleted_at bigint',
  ],
  // refusals, which the audit trail drops first
  [`create index audit_refusal on audit (id) where action in ('session.fail', 'admin.refuse')`],
  // what it drops next
  [
    `create index audit_minor on audit (id)
      where (minute is not null or action in ('session.open', 'session.refresh', 'session.end')
        or actor not in ('cli', 'broker') and substr(actor, 1, 4) <> 'tok_')`,
  ],
  // secret keys that end; before, they were lists with the newest first. When those were made is unknown
  [
    `create table secret_key (
      id text primary key, purpose text not null, secret text not null, created_at bigint not null,
      replaced_at bigint, ends_at bigint)`,
    'create unique index secret_key_signs on secret_key (purpose) where replaced_at is null',
    {
      sqlite: `insert into secret_key
      with recursive
        clock as (select cast(strftime('%s', 'now') as integer) * 1000 as now),
        part as (
          select substr(name, 1, instr(name, '_') - 1) as purpose, '' as secret,
            value || ',' as rest, 0 as place
          from setting where name in ('mapbox_key', 'refresh_secret', 'device_secret')
          union all
          select purpose, substr(rest, 1, instr(rest, ',') - 1), substr(rest, instr(rest, ',') + 1),
            place + 1
          from part where rest <> '')
      select purpose || '.' || lower(hex(randomblob(8))), purpose, secret, now - place,
        case when place > 1 then now - place end,
        case when place > 1 and purpose = 'refresh' then
            max(now + 86400000, (select coalesce(max(expires_at), 0) from login_family))
          when place > 1 and purpose = 'device' then now + 183 * 86400000 end
      from part, clock where place > 0`,
    },
    `delete from setting where name in ('mapbox_key', 'refresh_secret', 'device_secret')`,
  ],
  // sign-ins, which take as long for names that no account has
  [
    'create index account_email on account (email)',
    'create index account_lower_name on account (lower(name))',
    'create index account_lower_email on account (lower(email))',
  ],
  // replicas: turns of transactions that read before they write, and limits that count for all of them
  [
    'create table turn (name text primary key)',
    `insert into turn (name) values ('signing keys'), ('datasets'), ('audit')`,
    'create table rate_limit (key text primary key, points integer not null default 0, expire bigint)',
  ],
  // pages of Mapbox tokens in both of their orders
  [
    `create index api_token_mapbox_created on api_token (account, created_at, id)
      where format = 'mapbox' and revoked_at is null`,
    `create index api_token_mapbox_modified on api_token (account, modified_at, id)
      where format = 'mapbox' and revoked_at is null`,
    `create index api_token_mapbox_usage_created on api_token (account, usage, created_at, id)
      where format = 'mapbox' and revoked_at is null`,
    `create index api_token_mapbox_usage_modified on api_token (account, usage, modified_at, id)
      where format = 'mapbox' and revoked_at is null`,
  ],
  // pages of all tokens, with their uses
  [
    'create index api_token_created on api_token (created_at, id)',
    'create index usage_token on usage (token)',
  ],
]
