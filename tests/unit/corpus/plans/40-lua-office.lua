-- An office in Lua: functions made by functions, loops, a menu, includes.
--; phone 6001 answers=1 hangs_up=2
--; phone 6002 refuses=1:17
--; call 6001@internal
--; ends
--; dials 6001
--; global LAST=6001 ANSWER
--; call 6002@internal
--; ends
--; hears is-busy
--; call 300@internal
--; ends
--; hears digits/1 digits/2 digits/3
--; hint 6001@internal Idle

local function ring(number)
    return function(context, exten)
        app.dial("Fake/" .. number, 20, "g")
        local status = channel.DIALSTATUS:get()
        channel["GLOBAL(LAST)"] = exten .. " " .. status
        if status == "BUSY" then
            app.playback("is-busy")
        end
    end
end

extensions = { internal = { include = {"services"} }, services = {} }
for _, number in ipairs({"6001", "6002"}) do
    extensions.internal[number] = ring(number)
end

extensions.services["_3XX"] = function()
    app.answer()
    for number = 1, 3 do
        app.playback("digits/" .. number)
    end
    app.hangup()
end

hints = { internal = { ["6001"] = "Fake/6001" } }
