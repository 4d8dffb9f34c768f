namespace Shithub.Actions.Runner.Checkout;

/// <summary>What all checkouts on this runner share.</summary>
/// <param name="BytesMax">Of all files of one checkout together.</param>
/// <param name="FilesMax">How many one checkout may have.</param>
internal sealed record CheckoutHost(GitMirrors Mirrors, long BytesMax, int FilesMax);

/// <summary>What one checkout, submodules included, may still write.</summary>
internal sealed class CheckoutBudget(CheckoutHost host)
{
    private long _bytes = host.BytesMax;
    private int _files = host.FilesMax;

    /// <exception cref="CheckoutException">It is too much.</exception>
    public void Take(long bytes)
    {
        _files--;
        if (_files < 0)
            throw new CheckoutException($"the commit has more than {host.FilesMax} files; the runner's operator can raise runner.checkout_files.");
        TakeBytes(bytes);
    }

    /// <summary>More of a file that was counted.</summary>
    /// <exception cref="CheckoutException">It is too much.</exception>
    public void TakeBytes(long bytes)
    {
        _bytes -= bytes;
        if (_bytes < 0)
            throw new CheckoutException($"the commit's files have more than {host.BytesMax} bytes; the runner's operator can raise runner.checkout_bytes.");
    }
}
