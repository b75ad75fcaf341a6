"""The tables of a ledger, and the SQL that merges another ledger (attached as `other`)."""

VERSION = 1
SCHEMA = """
CREATE TABLE shapes (id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE);
CREATE TABLE sources (
    id INTEGER PRIMARY KEY, host TEXT NOT NULL, batch INTEGER NOT NULL, UNIQUE (host, batch)
);
CREATE TABLE requests (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, shape INTEGER NOT NULL REFERENCES shapes,
    prompt TEXT, seed INTEGER
);
CREATE TABLE answers (
    request INTEGER PRIMARY KEY REFERENCES requests, shape INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES sources, text TEXT NOT NULL, finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, created_at INTEGER NOT NULL
);
CREATE INDEX usage ON answers (shape, source, prompt_tokens, completion_tokens, cached_tokens);
CREATE TABLE failures (
    request INTEGER PRIMARY KEY REFERENCES requests, reason TEXT NOT NULL,
    attempts INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, failed_at INTEGER NOT NULL
);
CREATE TABLE formats (host TEXT, model TEXT, form TEXT NOT NULL, PRIMARY KEY (host, model));
CREATE TABLE batches (tag TEXT PRIMARY KEY, host TEXT NOT NULL, id TEXT);
"""
# Tables that ledgers of the same version may lack. `finished` holds the plans that have nothing
# left to ask; deleting an answer or a failure empties it. `spent` holds every billed reply that
# is not an answer; tokens in `failures` of older ledgers move there. `asking` names the process
# with the lock.
ADDED = """
CREATE TABLE IF NOT EXISTS finished (
    plan TEXT PRIMARY KEY, answered INTEGER NOT NULL, failed INTEGER NOT NULL
);
CREATE TRIGGER IF NOT EXISTS answer_gone AFTER DELETE ON answers BEGIN DELETE FROM finished; END;
CREATE TRIGGER IF NOT EXISTS failure_gone AFTER DELETE ON failures BEGIN DELETE FROM finished; END;
CREATE TABLE IF NOT EXISTS spent (
    id TEXT PRIMARY KEY, request INTEGER NOT NULL REFERENCES requests,
    source INTEGER NOT NULL REFERENCES sources, reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS dialects (
    host TEXT, model TEXT, json TEXT NOT NULL, PRIMARY KEY (host, model)
);
CREATE TABLE IF NOT EXISTS asking (holder TEXT NOT NULL);
INSERT OR IGNORE INTO sources (host, batch) VALUES ('', 0);
INSERT OR IGNORE INTO spent
    SELECT 'failure ' || f.request, f.request, s.id, f.reason, f.prompt_tokens,
    f.completion_tokens, 0, f.failed_at
    FROM failures f JOIN sources s ON s.host = '' AND s.batch = 0
    WHERE f.prompt_tokens + f.completion_tokens > 0;
UPDATE failures SET prompt_tokens = 0, completion_tokens = 0
    WHERE prompt_tokens + completion_tokens > 0
"""
# An answer that both ledgers hold and that was paid for in both is `spent` here.
MERGE = """
INSERT OR IGNORE INTO shapes (json) SELECT json FROM other.shapes;
INSERT OR IGNORE INTO sources (host, batch) SELECT host, batch FROM other.sources;
INSERT OR IGNORE INTO formats SELECT * FROM other.formats;
INSERT OR IGNORE INTO dialects SELECT * FROM other.dialects;
INSERT OR IGNORE INTO requests (key, shape, prompt, seed)
    SELECT r.key, s.id, r.prompt, r.seed FROM other.requests r
    JOIN other.shapes o ON o.id = r.shape JOIN shapes s ON s.json = o.json ORDER BY r.id;
INSERT OR IGNORE INTO spent
    SELECT hex(r.key) || ' ' || a.created_at || ' ' || o.host, m.id, s.id, 'answered twice',
    a.prompt_tokens, a.completion_tokens, a.cached_tokens, a.created_at
    FROM other.answers a JOIN other.requests r ON r.id = a.request
    JOIN requests m ON m.key = r.key JOIN answers n ON n.request = m.id
    JOIN other.sources o ON o.id = a.source
    JOIN sources s ON s.host = o.host AND s.batch = o.batch
    WHERE a.prompt_tokens + a.completion_tokens > 0
    AND (a.created_at, a.text, s.id) != (n.created_at, n.text, n.source);
INSERT OR IGNORE INTO answers
    SELECT m.id, m.shape, s.id, a.text, a.finish_reason, a.prompt_tokens, a.completion_tokens,
    a.cached_tokens, a.created_at
    FROM other.answers a JOIN other.requests r ON r.id = a.request JOIN requests m ON m.key = r.key
    JOIN other.sources o ON o.id = a.source
    JOIN sources s ON s.host = o.host AND s.batch = o.batch ORDER BY m.id;
INSERT OR IGNORE INTO spent
    SELECT p.id, m.id, s.id, p.reason, p.prompt_tokens, p.completion_tokens, p.cached_tokens,
    p.created_at
    FROM other.spent p JOIN other.requests r ON r.id = p.request JOIN requests m ON m.key = r.key
    JOIN other.sources o ON o.id = p.source
    JOIN sources s ON s.host = o.host AND s.batch = o.batch;
INSERT OR IGNORE INTO failures
    SELECT m.id, f.reason, f.attempts, f.prompt_tokens, f.completion_tokens, f.failed_at
    FROM other.failures f JOIN other.requests r ON r.id = f.request
    JOIN requests m ON m.key = r.key;
DELETE FROM failures WHERE request IN (SELECT request FROM answers)
"""
