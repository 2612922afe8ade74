using System.Text;

namespace EpcActors.Cli.Terminal;

/// <summary>
/// Standard output when it is a file or a pipe. What goes wrong is told as what it is: a program that began with its
/// standard output closed sees "access denied" of the runtime, without a name.
/// </summary>
internal sealed class StandardOutputStream(Stream inner) : Stream
{
    /// <summary>Standard output of this process, in UTF-8.</summary>
    public static StreamWriter Writer() =>
        new(new StandardOutputStream(Console.OpenStandardOutput()), new UTF8Encoding(false)) { AutoFlush = true };

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception error) when (SystemErrors.IsOne(error))
        {
            string reason = error is UnauthorizedAccessException ? "it is closed" : SystemErrors.Reason(error);
            throw new CommandException(ExitCode.OutputError, $"cannot write to standard output: {reason}");
        }
    }

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
