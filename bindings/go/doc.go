// Package libwa links a program to WhatsApp as a companion device.
//
// This is an unofficial client: WhatsApp can ban accounts that use one.
//
// A program opens a [Client], which is one session in a store, and pairs it
// with a phone: the user types a code into the phone, and from then on the
// session is one of the account's linked devices.
//
//	client, err := libwa.Open(libwa.WithStoreURL("sqlite:session.db"))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	for step, err := range client.Pair(ctx, "+15551234567") {
//		if err != nil {
//			return err
//		}
//		switch step := step.(type) {
//		case *libwa.PairingCode:
//			fmt.Println("Type into the phone:", step.Display)
//		case *libwa.Ready:
//			fmt.Println("Linked as", step.JID)
//		}
//	}
//	for event, err := range client.Events(ctx) {
//		if err != nil {
//			return err
//		}
//		if lost, is := event.(*libwa.Connection); is && lost.IsFinal {
//			return errors.New(lost.Text) // no other attempt is made by itself
//		}
//		...
//	}
//	return errors.New("the session ended") // a LoggedOut said why
//
// Everything that happens comes as an [Event], to be told apart by a type
// switch. What is asked of a client waits for the answer, as long as its
// context lets it. A goroutine that waits costs no thread: thousands of clients
// can wait at once, each by itself or all of them in a [Fleet].
//
// Errors are of the type [Error]. errors.Is compares them with the status codes,
// such as [ErrNotLinked]; [RetryAfter] tells whether and when to try again.
//
// # Past and present
//
// Durable events, such as [Message] and [LoggedOut], come again in the next run
// until they are acknowledged, with Redelivered set. They tell what was: a
// message is handled like any other, a device that was unlinked then may be
// linked now. What is, [Client.Linked] tells, and events without that mark.
// [Client.Pair] and [Client.WaitReady] go by what happens now, and end with an
// error when the connection is given up; what they fail with is acknowledged.
//
// # A connection that was given up
//
// A connection that is lost is made again by itself, and messages wait for it.
// One that the server ended for good (replaced by another process, a version that
// is no longer taken, a ban), or that is not made again without
// [WithReconnectAuto], is given up until [Client.Connect] is called. Everything
// that needs it ends then: messages that wait to be sent, and those that are
// handed over later, with the error that [Client.Pair] and [Client.WaitReady] end
// with, which has GivenUp set, and all other calls with [ErrNotConnected]. A
// message that ended so is not sent by a later connection; but one that a store
// without room could not give up before the program ended is sent by the next
// run. After [Client.Disconnect] messages wait for the next Connect.
//
// # Optional values
//
// A parameter that may be left out is left out when it is nil, an empty text or
// the zero time; [Ptr] makes pointers of values. What is not said of a result is
// nil, or empty, too.
//
// # Building
//
// The package is made with cgo. It needs a C compiler and libwa itself: either
// the checkout that it is part of, after cargo build --release, or an installed
// libwa. The library is linked statically, so that the program runs on any
// machine of its kind; with -tags dynamic the program uses the shared library
// that pkg-config finds. [Linkage] tells which it is.
//
// # Testing
//
// Package watest runs a simulated WhatsApp for tests of programs that use this
// package.
package libwa
