const button = document.getElementById("copy");
if (button) {
  button.addEventListener("click", async () => {
    const uri = document.getElementById("redirect");
    getSelection().selectAllChildren(uri);
    try {
      await navigator.clipboard.writeText(uri.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected";
    }
  });
}
if (document.getElementById("ended")) {
  history.replaceState(null, "", location.pathname);
}
if (document.getElementById("behind-the-hash")) {
  const behind = new URLSearchParams(location.hash.slice(1));
  const names = ["code", "state", "iss", "error", "error_description"];
  const answer = new URLSearchParams(names.filter((name) => behind.has(name)).map((name) => [name, behind.get(name)]));
  location.replace(location.pathname + "?" + (answer.toString() || "answer=none"));
}
