// Shows the OpenAPI document with Swagger UI. A token that is given under
// Authorize stays in this page's memory; requests go to this gateway alone.
SwaggerUIBundle({
	url: "/openapi.json", dom_id: "#api", presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout",
	deepLinking: true, docExpansion: "list", defaultModelsExpandDepth: 0, filter: true, tryItOutEnabled: true,
	persistAuthorization: false, validatorUrl: null,
});
