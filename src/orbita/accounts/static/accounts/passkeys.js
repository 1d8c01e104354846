// Forms with data-passkey="create" or "get": the server puts a question (`do=options`), the browser
// asks the person for his passkey, and the form brings the answer (`do=answer`) as any form would.
const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
};
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

async function question(form) {
  const values = new FormData(form);
  values.set("do", "options");
  const response = await fetch(form.action, {
    method: "POST", body: values, headers: { Accept: "application/json" },
  });
  const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
  const told = isJson ? await response.json() : {};
  if (!response.ok || !told.challenge) throw new Refused(told.error || form.dataset.failed);
  return told;
}

class Refused extends Error {}

async function made(told) {
  const one = await navigator.credentials.create({
    publicKey: {
      ...told,
      challenge: bytes(told.challenge),
      user: { ...told.user, id: bytes(told.user.id) },
      excludeCredentials: named(told.excludeCredentials),
    },
  });
  return {
    id: one.id, rawId: text(one.rawId), type: one.type,
    response: {
      clientDataJSON: text(one.response.clientDataJSON),
      attestationObject: text(one.response.attestationObject),
      transports: one.response.getTransports?.() ?? [],
    },
  };
}

async function shown(told) {
  const one = await navigator.credentials.get({
    publicKey: {
      ...told, challenge: bytes(told.challenge), allowCredentials: named(told.allowCredentials),
    },
  });
  const { userHandle } = one.response;
  return {
    id: one.id, rawId: text(one.rawId), type: one.type,
    response: {
      clientDataJSON: text(one.response.clientDataJSON),
      authenticatorData: text(one.response.authenticatorData),
      signature: text(one.response.signature),
      userHandle: userHandle?.byteLength ? text(userHandle) : null,
    },
  };
}

function say(form, words) {
  const place = form.querySelector("[data-says]");
  place.textContent = words;
  place.hidden = !words;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    say(form, "");
    try {
      const told = await question(form);
      const answer = await (form.dataset.passkey === "create" ? made(told) : shown(told));
      form.elements.answer.value = JSON.stringify(answer);
      form.elements.do.value = "answer";
      form.submit();
    } catch (error) {
      const known = error.name === "InvalidStateError" && form.dataset.known;
      say(form, error instanceof Refused ? error.message : known || form.dataset.failed);
      button.disabled = false;
      button.focus();
    }
  });
}
