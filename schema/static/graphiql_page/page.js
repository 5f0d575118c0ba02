// Starts GraphiQL. Requests carry the session's cookies and Django's CSRF token, so that somebody
// who is logged in to the admin site is logged in here; an Authorization header in the headers
// editor goes before both.
"use strict";

(() => {
  const place = document.getElementById("graphiql");
  const { React, ReactDOM, GraphiQL } = window;

  if (!React || !ReactDOM || !GraphiQL) {
    place.replaceChildren(document.getElementById("missing").content);
    return;
  }

  const cookie = (name) =>
    document.cookie
      .split("; ")
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1);

  const fetcher = async (request, options = {}) => {
    const csrfToken = cookie(place.dataset.csrfCookie);
    const response = await fetch(window.location.pathname, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        Accept: "application/graphql-response+json, application/json;q=0.9",
        "Content-Type": "application/json",
        ...(csrfToken && { "X-CSRFToken": csrfToken }),
        ...options.headers,
      },
      body: JSON.stringify(request),
    });
    return response.json();
  };

  // A link to /graphql?query=... opens that query.
  const query = new URLSearchParams(window.location.search).get("query");

  ReactDOM.createRoot(place).render(
    React.createElement(GraphiQL, {
      fetcher,
      defaultTabs: window.nexusSamples,
      defaultEditorToolsVisibility: true,
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
      ...(query && { query }),
    }),
  );
})();
