using Microsoft.Playwright;

namespace EpcActors.Web.Tests;

/// <summary>A page of the explorer as its reader uses it. Whatever the browser complains of fails the test at its
/// end.</summary>
internal sealed class Window : IAsyncDisposable
{
    /// <summary>Longest wait for anything: a hang is a failure, slowness is not.</summary>
    public const int PatienceMs = 120_000;

    private const float DialogPatienceMs = 30_000;

    private readonly IBrowserContext _context;
    private readonly List<string> _complaints = [];

    public Window(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Add($"{message.Type}: {message.Text}");
            }
        };
        page.PageError += (_, error) => _complaints.Add(error);
        page.RequestFailed += (_, request) => _complaints.Add($"failed: {request.Url}");
    }

    public IPage Page { get; }

    public string Fragment => new Uri(Page.Url).Fragment;

    /// <summary>What the browser complained of so far; a test that provokes it clears it.</summary>
    public List<string> Complaints => _complaints;

    /// <summary>Hash of the steps that the page shows.</summary>
    public Task<string> TraceHashAsync() => Page.EvaluateAsync<string>("document.body.dataset.trace ?? ''");

    /// <summary>Fingerprint of the state that the page shows.</summary>
    public Task<string> StateHashAsync() => Page.EvaluateAsync<string>("document.body.dataset.state ?? ''");

    public async Task GoAsync(string url)
    {
        await Page.GotoAsync(url);
        await WaitAsync("body[data-ready]");
    }

    public Task<string> TextAsync(string selector) => Page.Locator(selector).InnerTextAsync();

    /// <summary>Waits until an element is there. The policy of the page lets no test evaluate a condition in
    /// it.</summary>
    public Task WaitAsync(string selector) =>
        Page.Locator(selector).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Presses a button and waits until the page has answered, and until no work goes on.</summary>
    public async Task PressAsync(string selector)
    {
        await Page.Locator(selector).First.ClickAsync();
        await SettledAsync();
    }

    public async Task KeyAsync(string key)
    {
        await Page.Keyboard.PressAsync(key);
        await SettledAsync();
    }

    /// <summary>Drops files on an element, as the browser does it.</summary>
    public async Task DropAsync(string selector, params (string Name, string Text)[] files)
    {
        await Page.Locator(selector).First.EvaluateAsync(
            """
            (place, files) => {
              const data = new DataTransfer();
              files.forEach((file) => data.items.add(new File([file.text], file.name)));
              place.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
            }
            """,
            files.Select(file => new { name = file.Name, text = file.Text }).ToArray());
    }

    /// <summary>Opens the dialog for files from a button by its key, and gives it files. A busy browser now and then
    /// loses the dialog, as it loses a reader's; the key is pressed again then. When it never comes the page says what
    /// it had in focus.</summary>
    public async Task ChooseAsync(string selector, string file)
    {
        for (int tries = 0; tries < 3; tries++)
        {
            try
            {
                IFileChooser chooser = await Page.RunAndWaitForFileChooserAsync(
                    () => Page.Locator(selector).PressAsync("Enter"),
                    new() { Timeout = DialogPatienceMs });
                await chooser.SetFilesAsync(file);
                return;
            }
            catch (TimeoutException)
            {
                await Page.BringToFrontAsync();
            }
        }
        string focus = await Page.EvaluateAsync<string>("document.activeElement.outerHTML.slice(0, 200)");
        Assert.Fail($"{selector} opened no dialog for files; in focus is {focus}");
    }

    /// <summary>What a button has the reader save.</summary>
    public async Task<(string Name, string Text)> SavedAsync(string selector)
    {
        IDownload download = await Page.RunAndWaitForDownloadAsync(() => Page.Locator(selector).ClickAsync());
        using StreamReader reader = new(await download.CreateReadStreamAsync());
        return (download.SuggestedFilename, await reader.ReadToEndAsync());
    }

    public Task SettledAsync() => WaitAsync("body[data-waiting='0']:not(.busy)");

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_complaints);
    }
}
