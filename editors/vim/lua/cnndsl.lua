-- The language server in Neovim, from 0.7 on:  require("cnndsl").setup({ hints = "line" })
local M = {}

local function root(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  local found = vim.fn.findfile("pyproject.toml", vim.fn.fnamemodify(path, ":p:h") .. ";")
  return vim.fn.fnamemodify(found ~= "" and found or path, ":p:h")
end

local clients = {}

local function start(options, buffer)
  local folder = root(buffer)
  local config = {
    name = "cnndsl",
    cmd = options.cmd or { "cnndsl", "lsp" },
    root_dir = folder,
    init_options = { hints = options.hints or "line" },
    on_attach = function(client, attached)
      if vim.lsp.inlay_hint and client.server_capabilities.inlayHintProvider then
        vim.lsp.inlay_hint.enable(true, { bufnr = attached })
      end
      vim.api.nvim_buf_set_option(attached, "omnifunc", "v:lua.vim.lsp.omnifunc")
      if options.on_attach then
        options.on_attach(client, attached)
      end
    end,
    on_exit = function()
      clients[folder] = nil
    end,
  }
  if vim.lsp.start then -- from 0.8 on
    vim.api.nvim_buf_call(buffer, function()
      vim.lsp.start(config)
    end)
    return
  end
  clients[folder] = clients[folder] or vim.lsp.start_client(config)
  if clients[folder] then
    vim.lsp.buf_attach_client(buffer, clients[folder])
  end
end

--- Start the server for each .cnn file that is opened.
-- options.cmd: the command, by default { "cnndsl", "lsp" }. options.hints: "line", "stage" or "off".
-- options.on_attach: called with the client and the buffer, for your own keys.
function M.setup(options)
  options = options or {}
  vim.api.nvim_create_autocmd("FileType", {
    pattern = "cnn",
    group = vim.api.nvim_create_augroup("cnndsl", { clear = true }),
    callback = function(event)
      start(options, event.buf)
    end,
  })
end

return M
