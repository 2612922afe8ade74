using System.Diagnostics.CodeAnalysis;
using EpcActors.Cli.Commands.Explore;
using Microsoft.Playwright;

namespace EpcActors.Web.Tests;

/// <summary>A browser and the site on loopback, for all tests of a class.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "xunit disposes it by IAsyncLifetime.")]
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly CancellationTokenSource _closing = new();
    private SiteServer? _server;
    private Task _serving = Task.CompletedTask;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>The program; null where there is none.</summary>
    public static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(System.IO.Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => System.IO.Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    public string Url => _server!.Url;

    public async Task InitializeAsync()
    {
        if (Path is null)
        {
            return;
        }

        _server = SiteServer.Listen(ExplorerSite.Load(), 0);
        _serving = _server.ServeAsync(_closing.Token);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Path });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        await _closing.CancelAsync();
        await _serving;
        _server?.Dispose();
        _closing.Dispose();
    }

    /// <summary>A window of its own, with nothing kept from others.</summary>
    internal async Task<Window> OpenAsync(string link, string? url = null)
    {
        IBrowserContext context = await _browser!.NewContextAsync(
            new BrowserNewContextOptions
            {
                ViewportSize = new ViewportSize { Width = 1200, Height = 1000 },
                ReducedMotion = ReducedMotion.Reduce,
                Permissions = ["clipboard-read", "clipboard-write"],
            });
        context.SetDefaultTimeout(Window.PatienceMs);
        Window window = new(context, await context.NewPageAsync());
        await window.GoAsync((url ?? Url) + (link.Length > 0 ? "#" + link : ""));
        return window;
    }
}
