-- wrk's script. In front of it stand: parts, low, high, tokens (see load.py).
wrk.method = parts[1] == "" and "GET" or "POST"
wrk.headers["Content-Type"] = "application/json"

function init()
  math.randomseed(7)
end

function request()
  if #tokens > 0 then
    wrk.headers["Authorization"] = "Bearer " .. tokens[math.random(#tokens)]
  end
  return wrk.format(nil, nil, nil, table.concat(parts, math.random(low, high)))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "failed": %d, "median": %.3f, "slow": %.3f}\n',
    summary.requests, summary.duration / 1e6,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
