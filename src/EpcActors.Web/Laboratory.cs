using System.Runtime.InteropServices.JavaScript;
using System.Runtime.Versioning;

namespace EpcActors.Web;

/// <summary>What the page's worker calls: one desk, a request in and an answer out, both as JSON.</summary>
[SupportedOSPlatform("browser")]
public static partial class Laboratory
{
    private static readonly Desk Desk = new(() => Environment.TickCount64);

    /// <summary>Does what the reader asked for.</summary>
    [JSExport]
    internal static string Handle(string request) => Desk.Handle(request);

    /// <summary>Goes on with the work for so many milliseconds.</summary>
    [JSExport]
    internal static string Work(int milliseconds, bool shows) => Desk.Work(milliseconds, shows);

    private static void Main()
    {
    }
}
