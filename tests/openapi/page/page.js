const description = JSON.parse(document.getElementById("description").textContent);

// The local example serves this page at its root, on any port. A copy on a web server has a name, or lies
// under a folder, and gets neither the demo token nor its own origin as a server.
const local = ["127.0.0.1", "localhost"].includes(location.hostname) && location.pathname === "/";
if (local) {
  description.servers = [{ url: location.origin, description: "This local example" }];
  document.getElementById("local").hidden = false;
}

const reference = SwaggerUIBundle({
  spec: description,
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "full",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  displayRequestDuration: true,
  // Only the local example lets a page of this origin call it.
  tryItOutEnabled: local,
  supportedSubmitMethods: ["put"],
  // Otherwise a badge would send the document to a validator on the internet.
  validatorUrl: null,
  onComplete() {
    if (local) reference.preauthorizeApiKey("accessToken", "demo-token-that-may-write");
  },
});
