// Swagger UI on openapi.yaml, with the demo token and the published sample filled in.

const localExample = (pretty) => () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        // The local example may have another port than the document says.
        updateJsonSpec: (original) => (spec) => original({ ...spec, servers: [{ url: location.origin }] }),
      },
    },
  },
  wrapComponents: {
    // As plain text, because Swagger UI parses JSON before it shows it, and JSON.parse rounds long numbers.
    responseBody: (Original, { React }) => (props) =>
      React.createElement(Original, { ...props, content: pretty(props.content), contentType: "text/plain" }),
  },
});

window.onload = async () => {
  const { pretty } = await import("/console/json.mjs");
  window.ui = SwaggerUIBundle({
    url: "/openapi.yaml",
    dom_id: "#swagger-ui",
    layout: "StandaloneLayout",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [localExample(pretty)],
    deepLinking: true,
    docExpansion: "full",
    defaultModelsExpandDepth: 5,
    defaultModelExpandDepth: 3,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    // The default is a badge that sends the document to a validator on the internet.
    validatorUrl: null,
    onComplete() {
      window.ui.preauthorizeApiKey("accessToken", "demo-token-that-may-write");
      // The rules of the fields are open.
      window.ui.layoutActions.show(["components", "schemas", "CustomerUpdate"], true);
    },
  });
};
