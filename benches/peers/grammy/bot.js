// The conversation of `/addx`, as a bot on grammY would have it: a session in SQLite, the four values asked one after another,
// each message deleted first, one card edited in place.
import { run, sequentialize } from "@grammyjs/runner";
import { Bot, InlineKeyboard, session } from "grammy";
import { accountsOf, close, findAccount, open, saveAccount, seal, sessions } from "./store.js";
import { acceptsKeyPair, whoIs } from "./x.js";

const FIELDS = [
  { id: "consumerKey", title: "API Key", names: "Consumer Key, API Key or OAuth 1.0 Key" },
  { id: "consumerSecret", title: "API Key Secret", names: "Consumer Secret or API Secret" },
  { id: "accessToken", title: "Access Token", names: "Access Token or Token" },
  { id: "accessTokenSecret", title: "Access Token Secret", names: "Access Token Secret or Token Secret" },
];
const HTML = { parse_mode: "HTML", link_preview_options: { is_disabled: true } };
const CARD_BUTTONS = new InlineKeyboard().text("Guide", "guide").text("Back", "back").text("Cancel", "cancel");

const bot = new Bot(process.env.TELOXIDE_TOKEN, { client: { apiRoot: process.env.TELOXIDE_API_URL } });

bot.use(sequentialize((ctx) => ctx.chat?.id.toString()));
bot.use(session({ initial: () => ({}), storage: sessions }));

const place = (ctx, name, field) => `${ctx.chat.id}/${name}/${field}`;

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function card({ name, sealed, pairAccepted }) {
  const step = Object.keys(sealed).length;
  const title = `🔑 <b>${escape(name)}</b>`;
  if (step === FIELDS.length) {
    return `${title}: all four values are here. I ask X about them now.`;
  }
  const field = FIELDS[step];
  const mark = pairAccepted ? "\n✅ X accepts this API key pair.\n" : "";
  return (
    `${title} · Step ${step + 1} of ${FIELDS.length}\n${mark}\n` +
    `<b>${field.title}</b>\nX also calls it ${field.names}.\n\n` +
    "console.x.com → your app → <b>Keys &amp; Tokens</b> → OAuth 1.0 Keys\n\n" +
    "Send it here as one message. I delete your message at once and keep the value encrypted; nobody sees it again."
  );
}

async function showCard(ctx, link) {
  const options = { ...HTML, reply_markup: CARD_BUTTONS };
  if (link.card) {
    await ctx.api.editMessageText(ctx.chat.id, link.card, card(link), options);
  } else {
    const sent = await ctx.reply(card(link), options);
    link.card = sent.message_id;
  }
}

function opened(ctx, name, sealed) {
  const value = (field) => open(sealed[field], place(ctx, name, field));
  return Object.fromEntries(Object.keys(sealed).map((field) => [field, value(field)]));
}

/** Asks X about an account's values, keeps them if X accepts them, and says so. */
async function check(ctx, name, sealed) {
  const username = await whoIs(opened(ctx, name, sealed));
  const buttons = new InlineKeyboard().text("Check again", `check:${name}`).text("Accounts", "accounts");
  const options = { ...HTML, reply_markup: buttons };
  if (!username) {
    await ctx.reply(`❌ X refuses the values of <b>${escape(name)}</b>.\n\n<code>rejected</code>`, options);
    return;
  }
  saveAccount(ctx.chat.id, name, username, sealed);
  await ctx.reply(
    `✅ <b>${escape(name)}</b> is connected as @${username}\n\n` +
      "It may read and write, so it can publish.\n\n<code>connected</code>",
    options,
  );
}

async function listAccounts(ctx) {
  const lines = accountsOf(ctx.chat.id).map(({ name, username }) => `<b>${escape(name)}</b>: @${username}`);
  await ctx.reply(lines.join("\n") || "No accounts yet. Send /addx with a name.", HTML);
}

bot.command("addx", async (ctx) => {
  const name = ctx.match.trim();
  if (!/^[\w-]{1,32}$/.test(name)) {
    await ctx.reply("Send /addx with a name of up to 32 letters, for example: /addx main");
    return;
  }
  ctx.session.link = { name, sealed: {} };
  await showCard(ctx, ctx.session.link);
});

bot.command("accounts", listAccounts);

bot.on("message:text", async (ctx) => {
  const { link } = ctx.session;
  if (!link) {
    await ctx.reply("Send /addx with a name to link an account.");
    return;
  }
  await ctx.deleteMessage();
  const value = ctx.msg.text.trim();
  if (!/^[\w%~.-]{8,200}$/.test(value)) {
    await ctx.reply("That does not look like one of X's values. Copy it once more.");
    return;
  }
  const field = FIELDS[Object.keys(link.sealed).length].id;
  link.sealed[field] = seal(value, place(ctx, link.name, field));
  if (field === "consumerSecret") {
    const { consumerKey, consumerSecret } = opened(ctx, link.name, link.sealed);
    link.pairAccepted = await acceptsKeyPair(consumerKey, consumerSecret);
    if (!link.pairAccepted) {
      link.sealed = {};
      await ctx.reply("X does not accept this API key pair. Send both once more.");
    }
  }
  await showCard(ctx, link);
  if (Object.keys(link.sealed).length === FIELDS.length) {
    await check(ctx, link.name, link.sealed);
    delete ctx.session.link;
  }
});

bot.callbackQuery(/^check:(.+)$/, async (ctx) => {
  await ctx.answerCallbackQuery();
  const name = ctx.match[1];
  const sealed = findAccount(ctx.chat.id, name);
  if (sealed) {
    await check(ctx, name, sealed);
  }
});

bot.callbackQuery("accounts", async (ctx) => {
  await ctx.answerCallbackQuery();
  await listAccounts(ctx);
});

bot.callbackQuery("cancel", async (ctx) => {
  await ctx.answerCallbackQuery();
  delete ctx.session.link;
  await ctx.editMessageText("Cancelled, and nothing is kept.");
});

bot.on("callback_query", (ctx) => ctx.answerCallbackQuery());

bot.catch(({ error }) => console.error(error));

await bot.api.setMyCommands([
  { command: "addx", description: "Link an X account" },
  { command: "accounts", description: "Your accounts" },
]);
const runner = run(bot, { runner: { fetch: { allowed_updates: ["message", "callback_query"] } } });
const stop = () => runner.isRunning() && runner.stop();
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
await runner.task();
close();
