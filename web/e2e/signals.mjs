// Mentions from elsewhere: a real feed that is served here, and a webhook that is signed here.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import { expect } from "./check.mjs";
import * as looks from "./looks.mjs";

/** Serves a feed until it is closed; what it answers can be changed. */
async function serveFeed(answer) {
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `http://127.0.0.1:${server.address().port}/feed.xml`, close: () => server.close() };
}

export async function heardElsewhere(page, origin) {
  const { items: stock } = await (await page.request.get(`${origin}/api/v1/stock?limit=1`)).json();
  const { sku } = stock[0];
  const text = sku.replace(/[&<>]/g, " ");
  const now = new Date().toUTCString();
  const feed = await serveFeed((_, response) =>
    response
      .writeHead(200, { "Content-Type": "application/rss+xml" })
      .end(`<rss version="2.0"><channel><title>Blog</title><item><guid>1</guid><title>About ${text}</title><pubDate>${now}</pubDate></item><item><guid>2</guid><title>About nothing</title><pubDate>${now}</pubDate></item></channel></rss>`),
  );
  try {
    await page.goto(`${origin}/settings`);
    const card = page.locator('[data-c="mentions"]');
    const form = card.getByRole("form", { name: "Add a source of mentions" });
    await card.getByText("No source yet").waitFor();
    await form.getByRole("button", { name: "Add it" }).click();
    await form.getByText("Enter this.").first().waitFor();
    await form.getByLabel("What to call it").fill("Blog");
    await form.getByLabel("Address of the feed").fill(feed.address);
    await form.getByRole("button", { name: "Add it" }).click();
    await card.getByText(/That address is on your own network/).waitFor();
    await form.getByText("It is on my own network").click();
    if (!(await form.getByRole("checkbox").isChecked())) await form.getByRole("checkbox").check();
    await form.getByRole("button", { name: "Add it" }).click();
    const row = card.locator('[data-c="source-row"]').filter({ hasText: "Blog" });
    await row.getByText(/^Read .* · 2 mentions$/).waitFor({ timeout: 30_000 });

    await form.getByLabel("What it is").selectOption("webhook");
    await form.getByLabel("What to call it").fill("Listener");
    await form.getByRole("button", { name: "Add it" }).click();
    const box = card.locator('[data-c="mention-once"]');
    const secret = await box.getByRole("textbox").inputValue();
    const hint = await box.textContent();
    const address = /https?:\/\/\S+\/webhooks\/mentions\/[a-z0-9-]+/.exec(hint)[0];
    await looks.accessible(page);
    await box.getByRole("button", { name: "I have it" }).click();
    const send = async (body, at = Math.floor(Date.now() / 1000)) => {
      const signature = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64")).update(`m1.${at}.${body}`).digest("base64");
      const answer = await fetch(address, { method: "POST", body, headers: { "webhook-id": "m1", "webhook-timestamp": String(at), "webhook-signature": `v1,${signature}` } });
      return answer.status;
    };
    const body = JSON.stringify({ id: "a", text: `I like ${sku}`, author: "somebody" });
    const answers = [await send(body), await send(body), await send("rubbish"), await send(body, 1)];
    expect(answers.join() === "200,200,422,401", `the webhook is answered ${answers}`);
    await card.getByText("The last webhook was refused: it is not JSON with the fields of a mention.").waitFor({ timeout: 30_000 });

    await page.goto(`${origin}/signals`);
    await page.locator('[data-c="failing-sources"]').getByText(/^Listener: /).waitFor();
    const list = page.locator('[data-c="signal-row"]');
    await list.filter({ hasText: sku }).filter({ hasText: "Blog" }).waitFor();
    await list.filter({ hasText: sku }).filter({ hasText: "Listener" }).waitFor();
    await list.filter({ hasText: "no SKU named" }).waitFor();
    await looks.accessible(page);
    await list.filter({ hasText: "Listener" }).getByRole("link", { name: "1 signal: see it" }).click();
    await page.waitForURL((url) => url.pathname.startsWith("/events/"));
    await page.getByText("signal.noticed").first().waitFor();

    await page.goto(`${origin}/settings`);
    await row.getByRole("button", { name: "Remove Blog" }).click();
    await row.getByRole("group").getByRole("button", { name: "Remove Blog" }).click();
    await row.waitFor({ state: "detached" });
    await page.goto(`${origin}/signals`);
    await list.filter({ hasText: sku }).filter({ hasText: /removed \(feed-[a-z0-9]+\)/ }).waitFor();
  } finally {
    feed.close();
  }
}
