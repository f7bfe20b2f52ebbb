// The database: sessions and linked accounts. Values stand in it sealed.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";

const database = process.env.DATABASE_URL.replace(/^sqlite:\/\//, "");
const keyFile = process.env.ADDX_KEY_FILE;

if (!existsSync(keyFile)) {
  writeFileSync(keyFile, randomBytes(32), { mode: 0o600 });
}
const key = readFileSync(keyFile);

const db = new Database(database);
// What is committed outlives a loss of power.
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec(`
  CREATE TABLE IF NOT EXISTS sessions (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS accounts (
    owner INTEGER NOT NULL,
    name TEXT NOT NULL,
    username TEXT NOT NULL,
    sealed TEXT NOT NULL,
    checked_at INTEGER NOT NULL,
    PRIMARY KEY (owner, name)
  ) STRICT;
`);

const readSession = db.prepare("SELECT value FROM sessions WHERE key = ?").pluck();
const writeSession = db.prepare(
  "INSERT INTO sessions VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
);
const deleteSession = db.prepare("DELETE FROM sessions WHERE key = ?");

/** Where grammY keeps its sessions. */
export const sessions = {
  read(chat) {
    const value = readSession.get(chat);
    return value === undefined ? undefined : JSON.parse(value);
  },
  write(chat, value) {
    writeSession.run(chat, JSON.stringify(value));
  },
  delete(chat) {
    deleteSession.run(chat);
  },
};

const writeAccount = db.prepare(`
  INSERT INTO accounts VALUES (@owner, @name, @username, @sealed, @checkedAt)
  ON CONFLICT DO UPDATE SET
    username = excluded.username, sealed = excluded.sealed, checked_at = excluded.checked_at
`);
const readAccount = db.prepare("SELECT sealed FROM accounts WHERE owner = ? AND name = ?");
const listAccounts = db.prepare("SELECT name, username FROM accounts WHERE owner = ? ORDER BY name");

export function saveAccount(owner, name, username, sealed) {
  writeAccount.run({ owner, name, username, sealed: JSON.stringify(sealed), checkedAt: Date.now() });
}

/** The sealed values of an account, or `undefined`. */
export function findAccount(owner, name) {
  const row = readAccount.get(owner, name);
  return row && JSON.parse(row.sealed);
}

export function accountsOf(owner) {
  return listAccounts.all(owner);
}

export function close() {
  db.close();
}

/** Encrypts a value for one place; it does not open at another. */
export function seal(value, place) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
  const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64");
}

export function open(sealed, place) {
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12))
    .setAAD(Buffer.from(place))
    .setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
}
