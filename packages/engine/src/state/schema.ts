/**
 * The schema of `<root>/strata.db`. Step n takes version n to n+1; a released step never changes.
 *
 * Times are ISO 8601 in UTC with milliseconds. JSON columns hold what only one module reads. A `lease` is
 * `pid:startTime:bootId` of the process working on the row; a dead lease is free to take.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  -- One key space per driver for active, view and committed layers (containerd's Snapshotter).
  CREATE TABLE layers (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,            -- base 36 of it is the driver's layer id
    driver   TEXT NOT NULL,
    key      TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('active', 'view', 'committed')),
    state    TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'removing')),
    parent   INTEGER REFERENCES layers (seq),
    labels   TEXT NOT NULL DEFAULT '{}',
    bytes    INTEGER,
    inodes   INTEGER,
    created  TEXT NOT NULL,
    updated  TEXT NOT NULL,
    lease    TEXT
  ) STRICT;
  -- A row that is being removed has given its key back.
  CREATE UNIQUE INDEX layers_key ON layers (driver, key) WHERE state != 'removing';
  CREATE INDEX layers_parent ON layers (parent);
  CREATE INDEX layers_unready ON layers (state) WHERE state != 'ready';

  CREATE TABLE containers (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    status      TEXT NOT NULL,
    image       TEXT NOT NULL,
    image_id    TEXT NOT NULL,
    storage     TEXT NOT NULL,
    network     TEXT NOT NULL,
    auto_remove INTEGER NOT NULL DEFAULT 0,
    command     TEXT NOT NULL,                             -- JSON array, for ps
    labels      TEXT NOT NULL DEFAULT '{}',
    config      TEXT NOT NULL,                             -- JSON: everything else the user asked for
    process     TEXT,                                      -- JSON: MonitoredProcess
    created     TEXT NOT NULL,
    started     TEXT,
    finished    TEXT,
    exit_code   INTEGER,
    oom_killed  INTEGER NOT NULL DEFAULT 0,
    error       TEXT,
    lease       TEXT
  ) STRICT;
  CREATE INDEX containers_image ON containers (image_id);
  CREATE INDEX containers_status ON containers (status);

  -- Undo journal: a row is written before its side effect and deleted after its undo.
  CREATE TABLE intents (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    container TEXT NOT NULL,
    step      TEXT NOT NULL,
    data      TEXT NOT NULL,
    created   TEXT NOT NULL
  ) STRICT;
  CREATE INDEX intents_container ON intents (container);

  CREATE TABLE events (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT NOT NULL,
    type       TEXT NOT NULL,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    attributes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_at ON events (at);
  `,
  `
  -- What is in manifests and configs, so that lists and removals read no blobs. One row per complete image.
  CREATE TABLE images (
    manifest      TEXT PRIMARY KEY,
    media_type    TEXT NOT NULL,
    manifest_size INTEGER NOT NULL,
    config        TEXT NOT NULL,                           -- the image id
    config_size   INTEGER NOT NULL,
    created       TEXT,
    platform      TEXT NOT NULL,                           -- JSON
    labels        TEXT NOT NULL,                           -- JSON
    added         TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX images_config ON images (config);

  CREATE TABLE image_layers (
    manifest   TEXT NOT NULL REFERENCES images (manifest) ON DELETE CASCADE,
    position   INTEGER NOT NULL,                           -- 0 is the bottom
    digest     TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL,
    diff_id    TEXT NOT NULL,
    chain_id   TEXT NOT NULL,
    bytes      INTEGER,                                    -- as in layer_sizes
    PRIMARY KEY (manifest, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_layers_digest ON image_layers (digest);
  CREATE INDEX image_layers_chain ON image_layers (chain_id);
  CREATE INDEX image_layers_diff ON image_layers (diff_id);

  -- The image store's references again, so that one file answers: strata images.
  CREATE TABLE image_names (
    name     TEXT PRIMARY KEY,
    manifest TEXT NOT NULL,
    updated  TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_names_manifest ON image_names (manifest);

  -- Bytes of a layer's files, known once it was unpacked somewhere.
  CREATE TABLE layer_sizes (diff_id TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- Drivers of third parties: npm packages in drivers/packages/<directory>.
  CREATE TABLE added_drivers (
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    api_version INTEGER NOT NULL,
    summary     TEXT NOT NULL,
    pool        TEXT,                                      -- JSON: PoolDefinition
    package     TEXT NOT NULL,
    version     TEXT NOT NULL,
    spec        TEXT NOT NULL,                             -- what upgrade installs
    integrity   TEXT NOT NULL,                             -- as npm found it
    tree        TEXT NOT NULL,                             -- of the installed files, compared when loaded
    directory   TEXT NOT NULL UNIQUE,
    added       TEXT NOT NULL,
    updated     TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Layers of other engines beside Strata's own ('' is Strata): a key space per driver and owner.
  ALTER TABLE layers ADD COLUMN owner TEXT NOT NULL DEFAULT '';
  DROP INDEX layers_key;
  CREATE UNIQUE INDEX layers_key ON layers (driver, owner, key) WHERE state != 'removing';
  `,
  `
  CREATE TABLE networks (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    driver  TEXT NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'removing')),
    spec    TEXT NOT NULL,                                 -- JSON: NetworkSpec as the driver completed it
    created TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- A container's wish to be in a network; the attachment is there while it runs.
  CREATE TABLE endpoints (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    container  TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    network    TEXT NOT NULL,                              -- id; the network may be removed before the container
    wishes     TEXT NOT NULL,                              -- JSON
    attachment TEXT,                                       -- JSON: Attachment, written before it is made
    UNIQUE (container, network)
  ) STRICT;
  CREATE INDEX endpoints_network ON endpoints (network);
  CREATE INDEX endpoints_attached ON endpoints (container) WHERE attachment IS NOT NULL;
  `,
  `
  CREATE TABLE volumes (
    name      TEXT PRIMARY KEY,
    state     TEXT NOT NULL CHECK (state IN ('ready', 'removing')),
    anonymous INTEGER NOT NULL,                            -- goes with its container when that is asked for
    labels    TEXT NOT NULL,                               -- JSON
    created   TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE volume_uses (
    container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    volume    TEXT NOT NULL,
    PRIMARY KEY (container, volume)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX volume_uses_volume ON volume_uses (volume);
  ALTER TABLE containers ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE containers ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0; -- by a person, for unless-stopped
  `,
  `
  -- Of containers with a health check, since their first start.
  CREATE TABLE health (
    container TEXT PRIMARY KEY REFERENCES containers (id) ON DELETE CASCADE,
    status    TEXT NOT NULL CHECK (status IN ('starting', 'healthy', 'unhealthy')),
    streak    INTEGER NOT NULL,                            -- failures in a row
    log       TEXT NOT NULL,                               -- JSON: the last results
    lease     TEXT                                         -- of the keeper that probes; without it nobody does
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE images ADD COLUMN run_config TEXT;           -- JSON: ImageRunConfig, since its first container
  `,
  `
  -- Mounted at <run>/held/<store>/<base 36 of id> for snapshots of another engine whose own mounts need them.
  CREATE TABLE held_mounts (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    driver TEXT NOT NULL,
    owner  TEXT NOT NULL,
    mount  TEXT NOT NULL,                                  -- JSON: Mount
    UNIQUE (driver, owner, mount)
  ) STRICT;
  CREATE TABLE held_mount_users (
    layer INTEGER NOT NULL REFERENCES layers (seq) ON DELETE CASCADE,
    mount INTEGER NOT NULL REFERENCES held_mounts (id) ON DELETE CASCADE,
    PRIMARY KEY (layer, mount)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX held_mount_users_mount ON held_mount_users (mount);
  `,
  `
  ALTER TABLE containers ADD COLUMN short_runs INTEGER NOT NULL DEFAULT 0; -- in a row, for the delay before a restart
  `,
];
