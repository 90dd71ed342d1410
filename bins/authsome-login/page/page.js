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
