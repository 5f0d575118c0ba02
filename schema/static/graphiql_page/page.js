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

  const isSubscription = (request, document) =>
    document?.definitions.some(
      (definition) =>
        definition.operation === "subscription" &&
        (!request.operationName || definition.name?.value === request.operationName),
    );

  // The results in a stream of events, until it ends or the signal says that it is enough.
  async function* resultsIn(response, signal) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const events = (text + value).split("\n\n");
        text = events.pop();
        for (const event of events) {
          const data = /^data: (.+)$/m.exec(event);
          if (data) yield JSON.parse(data[1]);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  const fetcher = async (request, options = {}) => {
    const csrfToken = cookie(place.dataset.csrfCookie);
    const ending = new AbortController();
    const response = await fetch(window.location.pathname, {
      method: "POST",
      credentials: "same-origin",
      signal: ending.signal,
      headers: {
        Accept: isSubscription(request, options.documentAST)
          ? "text/event-stream"
          : "application/graphql-response+json, application/json;q=0.9",
        "Content-Type": "application/json",
        ...(csrfToken && { "X-CSRFToken": csrfToken }),
        ...options.headers,
      },
      body: JSON.stringify(request),
    });
    if (!response.headers.get("Content-Type").startsWith("text/event-stream")) {
      return response.json();
    }
    const results = resultsIn(response, ending.signal);
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => results.next(),
        return: async () => {
          ending.abort();
          return { done: true };
        },
      }),
    };
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
