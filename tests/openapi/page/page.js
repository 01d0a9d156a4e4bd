const openapi = JSON.parse(document.getElementById("openapi").textContent);

// The local example serves this page at /docs, on any port. A copy on another web server must not fill in the
// sample token or send requests to its own origin.
const local = ["127.0.0.1", "localhost"].includes(location.hostname) && location.pathname === "/docs";
if (local) {
  openapi.servers = [{ url: location.origin, description: "This local example" }];
  document.getElementById("local").hidden = false;
}

const reference = SwaggerUIBundle({
  spec: openapi,
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "full",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  displayRequestDuration: true,
  // From another origin, the API can be called only if its CORS settings allow it.
  tryItOutEnabled: local,
  supportedSubmitMethods: ["put"],
  // The default is a badge that sends the document to a validator on the internet.
  validatorUrl: null,
  responseInterceptor(response) {
    showResponse();
    return response;
  },
  onComplete() {
    if (local) reference.preauthorizeApiKey("accessToken", "demo-token-that-may-write");
  },
});

/** Scrolls to the response as soon as Swagger UI has drawn it. */
function showResponse(frames = 60) {
  const execute = document.querySelector(".swagger-ui .execute-wrapper, .swagger-ui .btn-group");
  if (document.querySelector(".live-responses-table")) execute.scrollIntoView();
  else if (frames > 0) requestAnimationFrame(() => showResponse(frames - 1));
}
