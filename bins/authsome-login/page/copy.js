const button = document.getElementById("copy");
if (button) {
  button.addEventListener("click", async () => {
    const input = document.getElementById("redirect");
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected";
    }
  });
}
