using System.Text;
using EpcActors.Results.Text;

namespace EpcActors.Cli.Terminal;

/// <summary>
/// Passes plain text on and escapes what a terminal would obey: messages quote names, keys and lines of files that a
/// stranger may have written.
/// </summary>
internal sealed class PrintableWriter(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value)
    {
        if (PrintableText.IsHidden(value))
        {
            inner.Write(PrintableText.Escape(value.ToString()));
        }
        else
        {
            inner.Write(value);
        }
    }

    public override void Write(string? value) => inner.Write(value is null ? null : PrintableText.Escape(value));

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void WriteLine(string? value) =>
        inner.WriteLine(value is null ? null : PrintableText.Escape(value));

    public override void Flush() => inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
