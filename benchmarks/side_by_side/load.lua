-- Sends the lines of a file in turn: as bodies, or as the customers in a path.
-- Arguments: method, path (with %s where the line goes, or without), file, API key or "-".
local requests, at = {}, 0

function init(args)
  local method, path, file, key = args[1], args[2], args[3], args[4]
  local headers = {["Content-Type"] = "application/json", ["Host"] = "127.0.0.1"}
  if key ~= "-" then headers["Authorization"] = "Bearer " .. key end
  for line in io.lines(file) do
    if method == "GET" then
      requests[#requests + 1] = wrk.format(method, string.format(path, line), headers)
    else
      requests[#requests + 1] = wrk.format(method, path, headers, line)
    end
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, each)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,"slowest":%d,"status":%d,"socket":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50),
    latency:percentile(99), latency.max, e.status, e.connect + e.read + e.write + e.timeout))
end
