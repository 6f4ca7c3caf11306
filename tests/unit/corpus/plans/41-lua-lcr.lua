-- Least cost routing in Lua: a table of prefixes, the longest first, failover in order of price.
--; phone cheap refuses=1:34
--; phone dear answers=1 hangs_up=1
--; call 4930123@route
--; ends
--; dials cheap dear
--; global VIA=dear
--; call 88@route
--; ends
--; cause 3

local routes = {
    { prefix = "49", via = { "cheap", "dear" } },
    { prefix = "4915", via = { "dear" } },
}
table.sort(routes, function(a, b) return #a.prefix > #b.prefix end)

local function find(number)
    for _, route in ipairs(routes) do
        if number:sub(1, #route.prefix) == route.prefix then
            return route.via
        end
    end
end

extensions = {
    route = {
        ["_X."] = function(context, exten)
            local via = find(exten)
            if via == nil then
                app.hangup(3)
            end
            for _, gateway in ipairs(via) do
                app.dial("Fake/" .. gateway, 30, "g")
                if channel.DIALSTATUS:get() == "ANSWER" then
                    channel["GLOBAL(VIA)"] = gateway
                    break
                end
            end
            app.hangup(16)
        end,
    },
}
