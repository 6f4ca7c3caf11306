"""What a script finds in its Lua state: `app`, `channel`, autoservice, and a hook that can end it.

It is Lua 5.1, as most scripts for Asterisk are written for.  The chunk takes Python's functions as
arguments and gives back what Python calls.
"""

from __future__ import annotations

__all__ = ["HOOK_PERIOD", "PRELUDE"]

HOOK_PERIOD = 20_000
"""Instructions between two looks whether the script has to end: about 0.2 ms."""

PRELUDE = b"""
local run, get, set, log, must_end, period = ...
local sethook, create, running = debug.sethook, coroutine.create, coroutine.running
local select, tostring, setmetatable, type, error = select, tostring, setmetatable, type, error
local concat, getinfo, unpack = table.concat, debug.getinfo, unpack

-- A script that has to end gets an error; where it catches that, it gets one at every instruction.
local function stop()
    error("the call has ended", 0)
end
local function hook()
    local why = must_end()
    if why then
        local co = running()
        if co then sethook(co, stop, "", 1) else sethook(stop, "", 1) end
        error(why, 0)
    end
end
sethook(hook, "", period)
coroutine.create = function(f)
    local co = create(f)
    sethook(co, hook, "", period)
    return co
end
coroutine.wrap = function(f)
    local co = coroutine.create(f)
    local resume = coroutine.resume
    local function pass(ok, ...)
        if not ok then error(..., 0) end
        return ...
    end
    return function(...) return pass(resume(co, ...)) end
end
debug.sethook = function() error("debug.sethook is not for scripts", 2) end
os.exit = function() error("os.exit is not for scripts: app.hangup() ends the call", 2) end

local function join(...)
    local words = {}
    for i = 1, select("#", ...) do
        local value = select(i, ...)
        words[i] = value == nil and "" or tostring(value)
    end
    return concat(words, ",")
end

app = setmetatable({}, {
    __index = function(_, name)
        return function(...) return run(tostring(name), join(...)) end
    end,
    __newindex = function() error("app cannot be written", 2) end,
})

local methods = {}
local variable = {}
local names = setmetatable({}, {__mode = "k"})
variable.__index = function(self, key)
    if key == "value" then return get(names[self]) end
    return methods[key]
end
variable.__call = function(self, ...)
    local made = setmetatable({}, variable)
    names[made] = names[self] .. "(" .. join(...) .. ")"
    return made
end
variable.__tostring = function(self) return get(names[self]) end
function methods.get(self) return get(names[self]) end
function methods.set(self, value) return set(names[self], value == nil and "" or tostring(value)) end

channel = setmetatable({}, {
    __index = function(_, name)
        local made = setmetatable({}, variable)
        names[made] = tostring(name)
        return made
    end,
    __newindex = function(_, name, value)
        set(tostring(name), value == nil and "" or tostring(value))
    end,
})

-- The audio of a call goes on by itself here; scripts may ask all the same.
local service = true
function autoservice_start() service = true return true end
function autoservice_stop() service = false return true end
function autoservice_status() return service end

function print(...)
    local words = {}
    for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
    log(concat(words, "\\t"))
end

local function load(source, name)
    local chunk, why = loadstring(source, name)
    if not chunk then error(why, 0) end
    chunk()
end

-- What the tables say, as lists that Python can walk: kind, context, name, value, line.
local function contents()
    local found = {}
    local function add(...) found[#found + 1] = {...} end
    if extensions ~= nil and type(extensions) ~= "table" then
        add("error", "", "", "extensions is no table", 0)
        return found
    end
    for context, table in pairs(extensions or {}) do
        if type(table) ~= "table" then
            add("error", tostring(context), "", "extensions." .. tostring(context) .. " is no table", 0)
        else
            for name, value in pairs(table) do
                if name == "include" then
                    if type(value) == "string" then value = {value} end
                    if type(value) ~= "table" then
                        add("error", tostring(context), "", "include is no table of contexts", 0)
                        value = {}
                    end
                    for _, included in ipairs(value) do
                        add("include", tostring(context), tostring(included), "", 0)
                    end
                elseif type(value) == "function" then
                    local info = getinfo(value, "S")
                    add("exten", tostring(context), tostring(name), info.source, info.linedefined)
                else
                    add("error", tostring(context), tostring(name),
                        "extensions." .. tostring(context) .. "[" .. tostring(name) .. "] is no function", 0)
                end
            end
            add("context", tostring(context), "", "", 0)
        end
    end
    if hints ~= nil and type(hints) ~= "table" then
        add("error", "", "", "hints is no table", 0)
        return found
    end
    for context, table in pairs(hints or {}) do
        if type(table) ~= "table" then
            add("error", tostring(context), "", "hints." .. tostring(context) .. " is no table", 0)
        else
            for name, value in pairs(table) do
                add("hint", tostring(context), tostring(name), tostring(value), 0)
            end
        end
    end
    return found
end

-- Names that came out of the table as numbers are numbers there.
local function of(table, name)
    local found = table[name]
    if found == nil then found = table[tonumber(name)] end
    return found
end
local function execute(context, name, exten)
    local extension = of(of(extensions, context), name)
    extension(context, exten)
end

return load, contents, execute
"""
