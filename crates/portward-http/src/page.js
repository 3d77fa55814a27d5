// Takes a token out of the fragment and out of the address bar, and asks for the nonce of the form. It never posts the form.
(() => {
  const form = document.getElementById("portward");
  const show = (name) => {
    for (const part of document.querySelectorAll("[data-portward]")) part.hidden = part.dataset.portward !== name;
  };
  const token = location.hash.slice(1);
  // Another link that is opened in this very tab changes the fragment and loads nothing.
  addEventListener("hashchange", () => location.reload());
  if (!token) return;
  history.replaceState(null, "", location.pathname);
  show("wait");
  fetch(new URL("peek", form.action), { method: "POST", body: new URLSearchParams({ token }) })
    .then(async (answer) => {
      if (!answer.ok) return show({ 400: "damaged", 403: "refused" }[answer.status] || "unavailable");
      form.elements.nonce.value = (await answer.json()).nonce;
      form.elements.token.value = token;
      form.elements.token.disabled = false;
      show("form");
    })
    .catch(() => show("unavailable"));
})();
